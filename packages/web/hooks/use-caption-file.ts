import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/**
 * Subtitles as an address of this page's own: a `<track>` of another origin, as a bucket is, would not be loaded. @param url of a WebVTT
 * file; null for none. Undefined until it is there, and where it cannot be had: a clip plays without it too.
 */
export function useCaptionFile(url: string | null): string | undefined {
  const { data } = useQuery({
    queryKey: ["captions", url],
    enabled: url !== null,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const answer = await fetch(url ?? "", { signal });
      if (!answer.ok) throw new Error(`The captions answer ${answer.status}`);
      return answer.text();
    },
  });
  const [own, setOwn] = useState<string>();
  useEffect(() => {
    if (data === undefined) return setOwn(undefined);
    const made = URL.createObjectURL(new Blob([data], { type: "text/vtt" }));
    setOwn(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  return url === null ? undefined : own;
}
