/** A sentence of the API, which speaks English whatever the page's language is. */
export function Said({ children, className }: { children: string; className?: string }) {
  return (
    <span lang="en" dir="ltr" className={className}>
      {children}
    </span>
  );
}
