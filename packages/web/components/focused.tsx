"use client";
import type { ReactNode } from "react";
import { useFocus } from "../hooks/use-focus.ts";

/** Takes the focus of the button whose place it takes. */
export function Focused({ children }: { children: ReactNode }) {
  const box = useFocus<HTMLDivElement>();
  return (
    <div ref={box} tabIndex={-1} className="outline-none">
      {children}
    </div>
  );
}
