"use client";
import { Check, Languages, Monitor, Moon, Sun } from "lucide-react";
import { useTranslations } from "next-intl";
import { useId } from "react";
import { useLocaleChoice } from "../hooks/use-locale-choice.ts";
import { useTheme } from "../hooks/use-theme.ts";
import { directionOf, LOCALES, type Locale } from "../i18n/locales.ts";
import { THEMES, type Theme } from "../lib/theme.ts";

const ICONS = { system: Monitor, light: Sun, dark: Moon } as const satisfies Record<Theme, unknown>;
const LANGUAGES = Object.keys(LOCALES) as Locale[];

/** Language and look, behind one button of the header. A native popover: Escape and a press beside it close it. */
export function Settings() {
  const t = useTranslations();
  const id = useId();
  const { locale, choose, pending } = useLocaleChoice();
  const [theme, setTheme] = useTheme();
  return (
    <>
      <button
        type="button"
        popoverTarget={id}
        aria-label={t("common.shell.settings")}
        title={t("common.shell.settings")}
        className="flex size-11 shrink-0 items-center justify-center rounded-control text-soft hover:bg-sunk hover:text-ink"
      >
        <Languages size={20} aria-hidden="true" />
      </button>
      <div
        id={id}
        popover="auto"
        role="dialog"
        aria-label={t("common.shell.settings")}
        aria-busy={pending}
        className="settings panel shadow-panel"
      >
        <fieldset>
          <legend className="px-2 pb-1 text-sm text-soft">{t("common.shell.language")}</legend>
          {LANGUAGES.map((code) => (
            <button
              key={code}
              type="button"
              lang={code}
              dir={directionOf(code)}
              aria-pressed={locale === code}
              className="settings-row"
              onClick={() => choose(code)}
            >
              <Chosen when={locale === code} />
              <span translate="no">{LOCALES[code]}</span>
            </button>
          ))}
        </fieldset>
        <fieldset className="mt-3 border-t border-line pt-3">
          <legend className="float-start w-full px-2 pb-1 text-sm text-soft">{t("common.shell.look")}</legend>
          {THEMES.map((name) => {
            const Icon = ICONS[name];
            return (
              <button
                key={name}
                type="button"
                aria-pressed={theme === name}
                className="settings-row clear-both"
                onClick={() => setTheme(name)}
              >
                <Chosen when={theme === name} />
                <Icon size={18} aria-hidden="true" className="shrink-0 text-soft" />
                {t(`common.shell.${name}`)}
              </button>
            );
          })}
        </fieldset>
      </div>
    </>
  );
}

function Chosen({ when }: { when: boolean }) {
  return <Check size={18} aria-hidden="true" className={`shrink-0 text-indigo ${when ? "" : "invisible"}`} />;
}
