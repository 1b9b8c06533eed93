/** How often a property is tried: `npm run test:long` sets SLUICE_TEST_LONG and tries it many times more. */

/** `usual` runs, or `long` ones under `npm run test:long`. */
export function propertyRuns(options: { readonly usual: number; readonly long: number }): number {
  return process.env.SLUICE_TEST_LONG ? options.long : options.usual;
}
