/**
 * The health check of the image: exit code 0 where the broker in this container serves everything that it should (/readyz).
 * The port is that of the setting `httpPort`.
 */

const port = process.env.SLUICE_HTTP_PORT ?? "9192";
try {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4000) });
  if (!response.ok) process.stderr.write(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  process.stderr.write(`No answer at port ${port}: ${error.cause?.message ?? error.message}.\n`);
  process.exitCode = 1;
}
