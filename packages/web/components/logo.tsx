/** The mark: a tall frame cut out of a wide one. */
export function Logo() {
  return (
    <span
      className="inline-flex items-center gap-2.5 text-lg font-semibold tracking-tight"
      dir="ltr"
      translate="no"
    >
      <svg viewBox="0 0 30 24" className="h-6 w-[1.875rem]" aria-hidden="true">
        <rect x="1" y="5" width="28" height="14" rx="2.5" fill="none" stroke="currentColor" strokeWidth="2" />
        <rect x="15" y="1" width="9.5" height="22" rx="2.5" className="fill-lit" />
      </svg>
      <span className="max-[26rem]:sr-only">KangKlip</span>
    </span>
  );
}
