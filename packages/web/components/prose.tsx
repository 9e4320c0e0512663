import type { ReactNode } from "react";

/** A page of plain text under one heading. */
export function Prose({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  return (
    <article className="page max-w-3xl pt-10 sm:pt-16 [&_h2]:mt-10 [&_h2]:mb-2 [&_h2]:text-xl [&_p+p]:mt-4 [&_ul]:list-disc [&_ul]:space-y-1 [&_ul]:ps-5">
      <h1 className="text-4xl sm:text-5xl">{title}</h1>
      <p className="mt-4 mb-8 text-xl text-soft">{lead}</p>
      {children}
    </article>
  );
}
