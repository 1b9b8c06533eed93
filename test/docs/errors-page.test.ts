/** docs/errors.md is made from the error catalogue. `npx vitest run --project unit test/docs -u` writes it anew. */

import { errorCatalogue } from "@sluice/model";
import { expect, it } from "vitest";

it("docs/errors.md shows the error catalogue as it is", async () => {
  const rows = Object.entries(errorCatalogue).map(([code, { number, retriable, status, message, hint }]) =>
    `| ${number} | \`${code}\` | ${retriable ? "yes" : "no"} | ${status} | ${message} ${hint} |`
      .replaceAll("{", "&#123;")
      .replaceAll("}", "&#125;"),
  );
  const page = `# Errors

Made from \`packages/model/src/error-catalogue.ts\`. A code and its number never change their meaning. *Retriable*: the same request may succeed
later without anybody changing anything. *Status* is the gRPC status where an error ends a call; in a stream errors travel in band.

| number | code | retriable | status | what is wrong, and what to do |
|---|---|---|---|---|
${rows.join("\n")}
`;
  await expect(page).toMatchFileSnapshot("../../docs/errors.md");
});
