import { useFocus } from "../hooks/use-focus.ts";
import type { SignInStep } from "../hooks/use-sign-in.ts";

/** While a wallet has its person's attention. */
export function WalletWait({ step: { name, doing }, onCancel }: { step: SignInStep; onCancel: () => void }) {
  const button = useFocus<HTMLButtonElement>();
  return (
    <div role="status" className="rounded-control bg-lit-soft p-4">
      <p className="font-medium">Waiting for {name}</p>
      <p className="mt-1">
        {doing === "connecting"
          ? "Allow this page to see your address, in the window that the wallet has opened."
          : "Sign the text that the wallet shows. Signing it costs nothing."}
      </p>
      <button ref={button} type="button" className="button button-quiet mt-3" onClick={onCancel}>
        Choose another wallet
      </button>
    </div>
  );
}
