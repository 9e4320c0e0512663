/** A language tag that names a language; null for none, "und" (undetermined) and other codes without one. Pure. */
export const languageOf = (tag: string | null | undefined): string | null =>
  tag && !/^(und|mul|mis|zxx)\b/i.test(tag) ? tag : null;

/** Whether two language tags name the same language ("en" and "en-GB"); false where one is unknown. Pure. */
export function languageMatches(a: string | null | undefined, b: string | null | undefined): boolean {
  const primary = (tag: string | null | undefined) => tag?.toLowerCase().split(/[-_]/)[0];
  return Boolean(a && b) && primary(a) === primary(b);
}

/**
 * Which of several caption tracks to take: the first of `languages` that there is, else one that names none; where the job
 * wants no language in particular ("auto"), any: the default one before others. Pure.
 */
export function captionsIn<T extends { language: string | null; isDefault: boolean }>(
  tracks: readonly T[],
  languages: readonly (string | null)[],
): T | undefined {
  for (const wanted of languages) {
    const found = tracks.find(({ language }) => languageMatches(language, wanted));
    if (found) return found;
  }
  const unnamed = tracks.find(({ language }) => language === null);
  if (unnamed || !languages.includes("auto")) return unnamed;
  return tracks.find(({ isDefault }) => isDefault) ?? tracks[0];
}
