import { useTranslations } from "next-intl";
import { useFocus } from "../hooks/use-focus.ts";
import type { SignInStep } from "../hooks/use-sign-in.ts";

/** While a wallet has its person's attention. */
export function WalletWait({ step: { name, doing }, onCancel }: { step: SignInStep; onCancel: () => void }) {
  const t = useTranslations();
  const button = useFocus<HTMLButtonElement>();
  return (
    <div role="status" className="rounded-control bg-lit-soft p-4">
      <p className="font-medium">{t("money.signIn.waiting", { name })}</p>
      <p className="mt-1">{doing === "connecting" ? t("money.signIn.allow") : t("money.signIn.sign")}</p>
      <button ref={button} type="button" className="button button-quiet mt-3" onClick={onCancel}>
        {t("money.signIn.another")}
      </button>
    </div>
  );
}
