/** The topic of log lines, keyed by service: the lines of one service stay in order. */

import { defineTopic, string } from "@sluice/client";

export const logLines = defineTopic("log-lines", { key: string, value: string });
