"use client";
import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useTranslations } from "next-intl";
import { Fragment, type RefObject } from "react";
import { usePlayerWishes } from "../hooks/use-player-wishes.ts";
import { KEY_HELP } from "../lib/player-keys.ts";
import { wishPlayer } from "../lib/player-memory.ts";
import { Check } from "./check.tsx";

interface PlayerHelpProps {
  open: boolean;
  onClose: () => void;
  /** Where it is drawn: within the player while that fills the screen. */
  within: RefObject<HTMLElement | null> | undefined;
  /** In the editor i and o cut, and single changes can be taken back. */
  edits: boolean;
}

/** Between two keys of a row: either does something, or all from the one to the other. */
const BETWEEN: Partial<Record<string, "to">> = { tenth: "to" };
const CUTS = { start: "cutStart", end: "cutEnd" } as const;

/** All keys of the player. */
export function PlayerHelp({ open, onClose, within, edits }: PlayerHelpProps) {
  const t = useTranslations();
  const { pageKeys } = usePlayerWishes();
  const changes = [
    {
      keys: [
        ["Ctrl", "Z"],
        ["⌘", "Z"],
      ],
      what: "undo",
    },
    {
      keys: [
        ["Ctrl", "Shift", "Z"],
        ["⌘", "Shift", "Z"],
      ],
      what: "redo",
    },
  ] as const;
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal container={within}>
        <Dialog.Backdrop className="fixed inset-0 z-10 min-h-dvh bg-[#05070f]/60 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="panel fixed inset-0 z-10 m-auto flex h-fit max-h-[calc(100dvh-2rem)] w-[44rem] max-w-[calc(100vw-2rem)] flex-col text-ink shadow-panel transition-[opacity,scale] duration-150 data-ending-style:scale-95 data-ending-style:opacity-0 data-starting-style:scale-95 data-starting-style:opacity-0">
          <div className="flex items-start justify-between gap-4 p-4 pb-2 sm:p-6 sm:pb-2">
            <div>
              <Dialog.Title className="text-xl font-semibold">{t("player.help.title")}</Dialog.Title>
              <Dialog.Description className="mt-1 text-sm text-soft">
                {t("player.help.what")}
              </Dialog.Description>
            </div>
            <Dialog.Close
              className="-me-2 grid size-11 shrink-0 place-items-center rounded-control hover:bg-sunk"
              aria-label={t("player.close")}
            >
              <X size={20} aria-hidden="true" />
            </Dialog.Close>
          </div>
          <section
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
            tabIndex={0}
            aria-label={t("player.help.title")}
            className="overflow-y-auto p-4 pt-2 sm:p-6 sm:pt-2"
          >
            <div className="gap-x-10 sm:columns-2">
              {KEY_HELP.map(({ group, rows }) => (
                <section key={group} className="mb-5 break-inside-avoid">
                  <h3 className="mb-1.5 text-base">
                    {t(edits && group === "mark" ? "player.help.editMark" : `player.help.${group}`)}
                  </h3>
                  <dl className="divide-y divide-line">
                    {[...rows, ...(edits && group === "mark" ? changes : [])].map(({ keys, what }) => (
                      <div key={what} className="flex items-baseline justify-between gap-4 py-1.5">
                        <dt className="order-2 shrink-0" dir="ltr">
                          {keys.map((chord, index) => (
                            <Fragment key={chord.join()}>
                              {index > 0 && (
                                <span className={BETWEEN[what] ? "px-1 text-sm text-soft" : "sr-only"}>
                                  {" "}
                                  {t(`player.help.${BETWEEN[what] ?? "or"}`)}{" "}
                                </span>
                              )}
                              <span className="ms-1 inline-flex gap-0.5">
                                {chord.map((key) => (
                                  <kbd
                                    key={key}
                                    className="min-w-7 rounded-md border border-line-strong px-1.5 text-center font-sans text-sm"
                                  >
                                    {key}
                                  </kbd>
                                ))}
                              </span>
                            </Fragment>
                          ))}
                        </dt>
                        <dd className="text-[0.95rem]">
                          {t(
                            `player.help.does.${edits && (what === "start" || what === "end") ? CUTS[what] : what}`,
                          )}
                        </dd>
                      </div>
                    ))}
                  </dl>
                </section>
              ))}
            </div>
            <Check
              label={t("player.help.everywhere")}
              detail={t("player.help.everywhereWhat")}
              checked={pageKeys}
              onChange={(on) => wishPlayer({ pageKeys: on })}
            />
          </section>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
