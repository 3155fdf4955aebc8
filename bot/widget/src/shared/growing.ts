// A field for writing that is as high as what is written in it.
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

const GROWS = CSS.supports("field-sizing", "content"); // else we let it grow

export function useGrowing(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const box = field.current;
    if (!box || GROWS) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`; // and its two borders
  }, [text]);
}
