import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports CPU time in these, whatever its own timer does. */
const TICKS_A_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly ownTicks: number;
  /** Of children that have ended. */
  readonly goneTicks: number;
}

/** /proc/PID/stat; undefined where there is no such process, or no /proc. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; what follows are fields 3 and on of proc(5).
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { parent: fields[1], ownTicks: fields[11] + fields[12], goneTicks: fields[13] + fields[14] };
  } catch {
    return undefined;
  }
}

export function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => statOf(pid)?.parent === parent);
}

/** How a process was started, its arguments one behind the other; '' where there is no such process. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** CPU time of one process with all its threads, user and system, milliseconds in steps of ten. */
export function cpuMs(pid: number): number {
  return ((statOf(pid)?.ownTicks ?? 0) * 1_000) / TICKS_A_SECOND;
}

/** CPU time of a process and its children, also of those that have ended. */
export function cpuMsOfFamily(pid: number): number {
  const own = statOf(pid);
  if (own === undefined) return 0;
  const ticks = childrenOf(pid).reduce((sum, child) => sum + (statOf(child)?.ownTicks ?? 0), own.ownTicks);
  return ((ticks + own.goneTicks) * 1_000) / TICKS_A_SECOND;
}

/** Resident memory now, and the most there ever was; bytes. */
export function memoryOf(pid: number): { rssBytes: number; peakBytes: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN);
  return { rssBytes: kib('VmRSS') * 1_024, peakBytes: kib('VmHWM') * 1_024 };
}

/** "AMD EPYC ..., 2 cores, 24 GiB". */
export function machine(): string {
  const info = readFileSync('/proc/cpuinfo', 'latin1');
  const model = /^model name\s*:\s*(.+)$/m.exec(info)?.[1] ?? 'unknown processor';
  const cores = info.match(/^processor\s*:/gm)?.length ?? 0;
  const kib = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1] ?? 0);
  return `${model.trim()}, ${cores} cores, ${Math.round(kib / 1_048_576)} GiB`;
}
