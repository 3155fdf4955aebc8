// A small picture for each channel, drawn as lines in the colour of the text; the channel's name always stands beside it.
import type { ComponentChildren } from "preact";

const PATHS: Record<string, ComponentChildren> = {
  web: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M3.5 12h17M12 3.5c5 5 5 12 0 17M12 3.5c-5 5-5 12 0 17" />
    </>
  ),
  messenger: <path d="M12 3.5c-5 0-8.8 3.6-8.8 8.2 0 2.6 1.2 4.8 3.1 6.3v3l2.9-1.6c.9.2 1.8.4 2.8.4 5 0 8.8-3.5 8.8-8.1S17 3.5 12 3.5ZM7 14l3.6-4 2.6 2.4L17 10" />,
  instagram: (
    <>
      <rect x="3.8" y="3.8" width="16.4" height="16.4" rx="5" />
      <circle cx="12" cy="12" r="3.8" />
      <path d="M16.8 7.2h.01" />
    </>
  ),
  whatsapp: (
    <>
      <path d="M12 3.6a8.4 8.4 0 0 0-7.2 12.7L3.6 20.4l4.2-1.1A8.4 8.4 0 1 0 12 3.6Z" />
      <path d="M8.8 8.6c-.3 3.6 3 6.9 6.6 6.6l.6-1.7-2-1-1 .9a5 5 0 0 1-2.4-2.4l.9-1-1-2Z" />
    </>
  ),
  telegram: <path d="m3.5 11.6 17-7-2.6 15-6.3-4.6-2.8 2.7-.8-5L20.5 4.6" />,
  x: <path d="m4.5 4.5 15 15M19.5 4.5l-15 15" />,
  line: (
    <>
      <path d="M12 4c-5 0-9 3.1-9 7 0 3.5 3.2 6.4 7.5 6.9.9.2.6 1.5.4 2.9C14.5 19 21 15.6 21 11c0-3.9-4-7-9-7Z" />
      <path d="M7.5 9.3v3.5h1.7M11.5 9.3v3.5M14 12.8V9.3l2.5 3.5V9.3" />
    </>
  ),
};
const OTHER = <path d="M4 5.5h16v12h-8.5L7 21v-3.5H4Z" />;

export function ChannelIcon({ channel, size = 15 }: { channel: string; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      {PATHS[channel] ?? OTHER}
    </svg>
  );
}
