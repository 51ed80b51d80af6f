import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface CpuProfile {
  /** Microseconds of the machine's monotonic clock. */
  readonly startTime: number;
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

const SHOWN = 40;

/** What of a profile counts. */
export interface Profiled {
  readonly pid: number;
  /** Microseconds of the machine's clock; what lies outside (start, preparation, catching up) is left out. */
  readonly loadWindows: readonly { readonly fromUs: number; readonly toUs: number }[];
}

/** Where the main thread of a process spent its own time under load, function by function; the profile that V8 wrote lies in the folder. */
export function profileTable(folder: string, { pid, loadWindows }: Profiled): string {
  const file = readdirSync(folder).find(
    (name) => name.includes(`.${pid}.0.`) && name.endsWith('.cpuprofile'),
  );
  if (file === undefined) return `no profile of process ${pid} in ${folder}`;
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const self = new Map<string, number>();
  let at = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    at += profile.timeDeltas[i];
    if (!loadWindows.some(({ fromUs, toUs }) => at >= fromUs && at <= toUs)) continue;
    // A sample tells what ran in the time after it.
    const spentUs = profile.timeDeltas[i + 1] ?? 0;
    const name = names.get(id) ?? '?';
    self.set(name, (self.get(name) ?? 0) + spentUs);
  }
  const allUs = [...self.values()].reduce((sum, us) => sum + us, 0);
  const idleUs = self.get('(idle)') ?? 0;
  self.delete('(idle)');
  const busyUs = allUs - idleUs;
  const top = [...self].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  const lines = top.map(([name, us]) => `  ${((us * 100) / busyUs).toFixed(1).padStart(5)} %  ${name}`);
  const seconds = (us: number): string => `${(us / 1e6).toFixed(1)} s`;
  return [`${file}: busy ${seconds(busyUs)} of ${seconds(allUs)} under load`, ...lines].join('\n');
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const place = url
    .replace(/^file:\/\//, '')
    .split('/')
    .slice(-3)
    .join('/');
  return place === '' ? name : `${name}  ${place}:${lineNumber + 1}`;
}
