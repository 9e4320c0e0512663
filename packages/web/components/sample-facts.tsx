import { useTranslations } from "next-intl";
import { clock } from "../lib/time.ts";
import sample from "../public/sample/clip.json" with { type: "json" };

/** Where in the talk the sample clip lies, and why it was chosen. */
export function SampleFacts() {
  const t = useTranslations();
  const place = { start: clock(sample.start), end: clock(sample.end), length: clock(sample.talkSeconds) };
  return (
    <div className="mt-10 grid gap-x-12 gap-y-6 lg:grid-cols-[1fr_1.32fr]">
      <div>
        <p className="text-soft tabular-nums">{t("site.sample.chosen", place)}</p>
        <p className="mt-2 text-sm text-soft">{t("site.sample.honest")}</p>
      </div>
      <div>
        <p className="text-sm text-soft">{t("site.sample.why")}</p>
        {/* said by the one who chose, in the talk's own language */}
        <p lang="en" dir="ltr" className="mt-1 text-start text-xl font-medium rtl:text-end">
          “{sample.title}”
        </p>
        <p lang="en" dir="ltr" className="mt-1 text-start rtl:text-end">
          {sample.reason}
        </p>
        <p className="mt-2 text-sm text-soft">
          {t("site.sample.score", { score: Math.round(sample.score * 100) })}
        </p>
      </div>
    </div>
  );
}
