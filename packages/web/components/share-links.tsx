"use client";
import type { ShareId, ShareView } from "@kangklip/contract";
import { Check, Copy, Send, Trash2 } from "lucide-react";
import { useTranslations } from "next-intl";
import { useCopy } from "../hooks/use-copy.ts";
import { useNow } from "../hooks/use-now.ts";
import { leftText, shareUrl } from "../lib/share-text.ts";

interface ShareLinksProps {
  /** Undefined while they are on their way. */
  links: readonly ShareView[] | undefined;
  /** How many clips the job has. */
  of: number;
  revoking: ShareId | null;
  onRevoke: (id: ShareId) => void;
}

/** The links to a job's clips that work: to copy, to send, to take back. */
export function ShareLinks({ links, of, revoking, onRevoke }: ShareLinksProps) {
  const t = useTranslations();
  const now = useNow(true);
  const working = links?.filter(({ expires_at }) => Date.parse(expires_at) > now).toReversed();
  return (
    <section className="mt-6 border-t border-line pt-4">
      <h3 className="text-base">{t("share.links")}</h3>
      {!working ? (
        <p role="status" className="mt-2 text-soft">
          {t("share.loading")}
        </p>
      ) : working.length === 0 ? (
        <p className="mt-2 text-soft">{t("share.none")}</p>
      ) : (
        <ul className="mt-1 divide-y divide-line">
          {working.map((link) => (
            <OneLink
              key={link.share_id}
              link={link}
              of={of}
              left={leftText(t, (Date.parse(link.expires_at) - now) / 1000)}
              busy={revoking === link.share_id}
              onRevoke={() => onRevoke(link.share_id)}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

interface OneLinkProps {
  link: ShareView;
  of: number;
  left: string;
  busy: boolean;
  onRevoke: () => void;
}

function OneLink({ link, of, left, busy, onRevoke }: OneLinkProps) {
  const t = useTranslations();
  const { copied, copy } = useCopy();
  const url = shareUrl(window.location.origin, link.path);
  const count = link.clip_files?.length ?? of;
  return (
    <li className="py-3">
      <p>
        <span className="font-medium">
          {link.clip_files === null ? t("share.whatAll") : t("share.what", { count })}
        </span>
        <span className="text-soft">, {t("share.left", { left })}</span>
      </p>
      <input
        readOnly
        dir="ltr"
        aria-label={t("share.link")}
        className="field mt-2 text-sm"
        value={url}
        onFocus={({ target }) => target.select()}
      />
      <div className="mt-2 flex flex-wrap gap-2">
        <button type="button" className="button button-quiet px-3" onClick={() => copy(url)}>
          {copied ? (
            <Check size={18} aria-hidden="true" className="shrink-0" />
          ) : (
            <Copy size={18} aria-hidden="true" className="shrink-0" />
          )}
          {copied ? t("share.copied") : t("share.copy")}
        </button>
        {typeof navigator.share === "function" && (
          <button
            type="button"
            className="button button-quiet px-3"
            onClick={() => navigator.share({ url, title: t("share.nativeText") }).catch(() => {})} // left again: nothing is sent
          >
            <Send size={18} aria-hidden="true" className="rtl:-scale-x-100" /> {t("share.native")}
          </button>
        )}
        <button type="button" className="button button-quiet px-3" disabled={busy} onClick={onRevoke}>
          <Trash2 size={18} aria-hidden="true" className="shrink-0" />{" "}
          {busy ? t("share.revoking") : t("share.revoke")}{" "}
          <span className="sr-only">({t("share.left", { left })})</span>
        </button>
        <span role="status" className="sr-only">
          {copied ? t("share.copied") : ""}
        </span>
      </div>
    </li>
  );
}
