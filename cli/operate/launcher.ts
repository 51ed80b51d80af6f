const POLL_MS = 250;

/**
 * Tells when the launcher (`bin/florin.cjs`) is gone. A SIGKILL cannot be forwarded; the kernel gives us another parent
 * then, and that can be seen. Started without a launcher, nothing is watched.
 */
export function watchLauncher(launcherPid: number | undefined, onGone: () => void): void {
  if (launcherPid === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === launcherPid) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS);
  timer.unref();
}
