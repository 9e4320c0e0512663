import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

interface PlayerButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string;
  children: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

/** A button on the dark ground of a player, 44 px in both directions, with its name as a tip. */
export function PlayerButton({ label, children, className = "", ...others }: PlayerButtonProps) {
  return (
    <button
      type="button"
      {...others}
      aria-label={label}
      title={label}
      className={`grid size-11 shrink-0 place-items-center rounded-control text-[#edf0f9] transition-colors hover:bg-[#27314f] aria-pressed:text-[#f5b921] ${className}`}
    >
      {children}
    </button>
  );
}
