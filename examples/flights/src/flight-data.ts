/**
 * The input: two files of the npm package vega-datasets, and how their rows become messages.
 *
 *     flights-200k.json   {delay, distance, time}                            200,000 rows; no key, no date; rows repeat
 *     flights-20k.json    {date, delay, distance, origin, destination}       20,000 rows, by date; key "origin-destination",
 *                                                                            timestamp from `date`, which is taken as UTC
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A flight of flights-200k.json. */
export interface Departure {
  /** Minutes; negative: early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  /** Hour of the day, with a fraction: 23.5 is half past eleven in the evening. */
  readonly time: number;
}

/** A flight of flights-20k.json. */
export interface RoutedFlight {
  /** `2001/01/31 23:59` */
  readonly date: string;
  /** Minutes; negative: early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** What is sent of a row. */
export interface FlightMessage {
  readonly key: string | null;
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export interface FlightData {
  readonly departures: readonly FlightMessage[];
  /** In the order of their timestamps. */
  readonly routed: readonly FlightMessage[];
}

/**
 * Reads the rows as messages.
 * @param options.part takes each `part`th row alone, for a shorter run. Default 1: all.
 * @param options.nowMs timestamp of the departures, which have none of their own
 */
export async function readFlights(options: { readonly nowMs: number; readonly part?: number }): Promise<FlightData> {
  const { nowMs, part = 1 } = options;
  const every = <Row>(rows: readonly Row[]): readonly Row[] => rows.filter((_, index) => index % part === 0);
  const departures = every(await readRows<Departure>("flights-200k.json"));
  const routed = every(await readRows<RoutedFlight>("flights-20k.json"));
  return {
    departures: departures.map((row) => ({ key: null, value: JSON.stringify(row), timestamp: nowMs })),
    routed: routed.map((row) => ({
      key: `${row.origin}-${row.destination}`,
      value: JSON.stringify(row),
      timestamp: flightTimeMs(row.date),
    })),
  };
}

/** Milliseconds since 1970 of `2001/01/31 23:59`, taken as UTC. @throws where it is no such date */
export function flightTimeMs(date: string): number {
  const match = /^(\d{4})\/(\d{2})\/(\d{2}) (\d{2}):(\d{2})$/.exec(date);
  if (match === null) throw new Error(`not a date of a flight: ${date}`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute);
}

async function readRows<Row>(name: string): Promise<readonly Row[]> {
  // The package exports its code alone; the data lie beside it.
  const code = createRequire(import.meta.url).resolve("vega-datasets");
  return JSON.parse(await readFile(join(dirname(code), "..", "data", name), "utf8")) as readonly Row[];
}
