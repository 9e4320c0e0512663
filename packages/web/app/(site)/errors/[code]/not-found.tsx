import { getTranslations } from "next-intl/server";
import { ErrorList } from "../../../../components/error-list.tsx";
import { Prose } from "../../../../components/prose.tsx";

/** No code of the table: says so, with all that there are. */
export default async function UnknownError() {
  const t = await getTranslations();
  return (
    <Prose title={t("errors.page.unknown")} lead={t("errors.page.unknownLead")}>
      <ErrorList />
    </Prose>
  );
}
