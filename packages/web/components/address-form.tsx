import { ArrowRight } from "lucide-react";
import Form from "next/form";

/** The address box of the start page: takes the address along to the form proper, also where scripts are off. */
export function AddressForm() {
  return (
    <Form action="/generate-clips" className="flex flex-col gap-2 sm:flex-row">
      <label className="sr-only" htmlFor="url">
        Address of the video
      </label>
      <input
        id="url"
        name="url"
        type="url"
        inputMode="url"
        required
        autoComplete="off"
        spellCheck={false}
        placeholder="https://…"
        className="field sm:flex-1"
      />
      <button type="submit" className="button button-main sm:px-6">
        Make clips <ArrowRight size={18} aria-hidden="true" />
      </button>
    </Form>
  );
}
