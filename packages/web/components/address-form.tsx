import { ArrowRight } from "lucide-react";
import Form from "next/form";
import { useTranslations } from "next-intl";

/** The address box of the start page: takes the address along to the form proper, also where scripts are off. */
export function AddressForm() {
  const t = useTranslations();
  return (
    <Form action="/generate-clips" className="flex flex-col gap-2 sm:flex-row">
      <label className="sr-only" htmlFor="url">
        {t("site.hero.address")}
      </label>
      <input
        id="url"
        name="url"
        type="url"
        inputMode="url"
        required
        autoComplete="off"
        spellCheck={false}
        dir="ltr"
        placeholder="https://…"
        className="field sm:flex-1 rtl:text-end"
      />
      <button type="submit" className="button button-main sm:px-6">
        {t("site.hero.submit")} <ArrowRight size={18} aria-hidden="true" className="rtl:-scale-x-100" />
      </button>
    </Form>
  );
}
