// What the console's pages beside the desk have alike: a heading that takes the focus, a sentence, and what went wrong.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface FrameProps {
  title: string;
  says: string;
  problem: string | null;
  again: () => void;
  children: ComponentChildren;
}

export function PageFrame({ title, says, problem, again, children }: FrameProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main class="page">
      <div class="page-in">
        <header>
          <h2 ref={heading} tabIndex={-1}>
            {title}
          </h2>
          <p class="by">{says}</p>
        </header>
        <div role="alert">
          {problem && (
            <p class="problem">
              {problem}{" "}
              <button type="button" class="quiet small" onClick={again}>
                Try again
              </button>
            </p>
          )}
        </div>
        {children}
      </div>
    </main>
  );
}
