import { ChevronDown } from "lucide-react";
import type { ReactNode } from "react";

interface DisclosureProps {
  summary: ReactNode;
  children: ReactNode;
  onOpen?: () => void;
}

/** A line that opens what is below it; closed at first. */
export function Disclosure({ summary, children, onOpen }: DisclosureProps) {
  return (
    <details className="group/line" onToggle={({ currentTarget }) => currentTarget.open && onOpen?.()}>
      <summary className="inline-flex min-h-11 list-none items-center gap-1.5 text-sm text-link underline decoration-1 underline-offset-4 hover:decoration-2 [&::-webkit-details-marker]:hidden">
        {summary}
        <ChevronDown
          size={16}
          aria-hidden="true"
          className="shrink-0 transition-transform group-open/line:rotate-180"
        />
      </summary>
      {children}
    </details>
  );
}
