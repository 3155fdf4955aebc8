// The few pictures of both pages, drawn as lines in the colour of the text. All are decoration: names come from text.
import type { ComponentChildren } from "preact";

function Drawn({ children, size = 20 }: { children: ComponentChildren; size?: number | undefined }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

type Size = { size?: number };

export const SpeechIcon = ({ size }: Size) => (
  <Drawn size={size}>
    <path d="M4 5.5h16a1.5 1.5 0 0 1 1.5 1.5v9a1.5 1.5 0 0 1-1.5 1.5h-8.5L7 21v-3.5H4A1.5 1.5 0 0 1 2.5 16V7A1.5 1.5 0 0 1 4 5.5Z" />
    <path d="M7.5 10h9M7.5 13.2h5.5" />
  </Drawn>
);
export const CloseIcon = ({ size }: Size) => (
  <Drawn size={size}>
    <path d="m6 6 12 12M18 6 6 18" />
  </Drawn>
);
export const DownIcon = ({ size }: Size) => (
  <Drawn size={size}>
    <path d="M12 5v14M6 13l6 6 6-6" />
  </Drawn>
);
export const SendIcon = ({ size }: Size) => (
  <Drawn size={size}>
    <path d="M4.5 12 20 4.5 15.5 20l-4-6.5-7-1.5ZM11.5 13.5 20 4.5" />
  </Drawn>
);
/** In the record: whoever reads on later finds it there. */
export const SentIcon = ({ size }: Size) => (
  <span class="sent" role="img" aria-label="Sent">
    <Drawn size={size}>
      <path d="m5 12.5 4.5 4.5L19 7.5" />
    </Drawn>
  </span>
);
export const PersonIcon = ({ size }: Size) => (
  <Drawn size={size}>
    <circle cx="12" cy="8" r="3.6" />
    <path d="M4.8 20c.8-3.6 3.7-5.4 7.2-5.4s6.4 1.8 7.2 5.4" />
  </Drawn>
);
export const BotIcon = ({ size }: Size) => (
  <Drawn size={size}>
    <rect x="4.5" y="8" width="15" height="11" rx="3.5" />
    <path d="M12 8V4.5M9.2 12.6v1.6M14.8 12.6v1.6" />
    <circle cx="12" cy="3.8" r=".8" />
  </Drawn>
);
export const ClockIcon = ({ size }: Size) => (
  <Drawn size={size}>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7.2V12l3.2 2" />
  </Drawn>
);
export const LockIcon = ({ size }: Size) => (
  <Drawn size={size}>
    <rect x="5" y="10.5" width="14" height="9.5" rx="2.2" />
    <path d="M8.2 10.5V7.8a3.8 3.8 0 0 1 7.6 0v2.7" />
  </Drawn>
);
