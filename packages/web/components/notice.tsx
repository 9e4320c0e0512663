import type { ReactNode } from "react";

/** Something that came up meanwhile, said at once to whoever listens to the page. */
export function Notice({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section role="status" className="rounded-control bg-lit-soft px-4 py-3">
      <h2 className="mb-1 text-lg">{title}</h2>
      {children}
    </section>
  );
}
