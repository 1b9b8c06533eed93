import { describe, expect, it } from "vitest";
import { formatTable } from "./table.js";

const columns = [{ title: "TOPIC" }, { title: "END", align: "right" }, { title: "OWNER" }] as const;

describe("formatTable", () => {
  it("aligns text left and numbers right, as wide as the widest cell", () => {
    const text = formatTable(columns, [
      ["a", 1, "x"],
      ["orders", 12_345, "y"],
    ]);
    expect(text).toBe("TOPIC     END  OWNER\na           1  x\norders  12345  y\n");
  });

  it("prints the titles alone where there are no rows", () => {
    expect(formatTable(columns, [])).toBe("TOPIC  END  OWNER\n");
  });

  it("prints null as a dash and leaves no blanks at the end of a line", () => {
    expect(formatTable(columns, [["t", null, ""]])).toBe("TOPIC  END  OWNER\nt        -\n");
  });

  it("counts characters, not UTF-16 units", () => {
    expect(
      formatTable(
        [{ title: "A" }, { title: "B" }],
        [
          ["😀", "x"],
          ["ab", "y"],
        ],
      ),
    ).toBe("A   B\n😀   x\nab  y\n");
  });

  it("keeps a row on its line whatever its cells hold", () => {
    expect(formatTable([{ title: "A" }], [["x\n\u001b[31my\u2028"]])).toBe("A\nx\\n\\u001b[31my\\u2028\n");
  });
});
