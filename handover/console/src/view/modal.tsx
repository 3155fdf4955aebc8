// A dialog on the browser's own <dialog>: it takes the focus, holds it, and gives it back to where it was.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface ModalProps {
  title: string;
  close: () => void;
  children: ComponentChildren;
}

export function Modal({ title, close, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => before?.focus();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={close}>
      <h2 id="dialog-title" dir="auto">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

export function Foot({ close, does, busy = false }: { close: () => void; does: string; busy?: boolean }) {
  return (
    <div class="foot">
      <button type="button" class="quiet" onClick={close}>
        Cancel
      </button>
      <button type="submit" class="solid" disabled={busy}>
        {does}
      </button>
    </div>
  );
}
