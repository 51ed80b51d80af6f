// What the command asks of a scenario, and the load that makes of it.

export const asked = {
  rate: Number(__ENV.RATE || 0),
  callers: Number(__ENV.CALLERS || 128),
  seconds: Number(__ENV.SECONDS || 15),
  /** Not where code is only made warm, or a run only shows that it runs. */
  isMeasured: __ENV.MEASURED === '1',
};

export const TREND = ['med', 'p(95)', 'p(99)', 'max'];

/** As many as there are callers, or so many a second: where latency counts nobody is at the limit. */
export function stages({ rate, callers, seconds } = asked) {
  return rate > 0
    ? {
        open: {
          executor: 'constant-arrival-rate',
          rate,
          timeUnit: '1s',
          duration: `${seconds}s`,
          preAllocatedVUs: callers,
          maxVUs: callers * 4,
        },
      }
    : { closed: { executor: 'constant-vus', vus: callers, duration: `${seconds}s` } };
}

/** Those of the bars that are about how fast it is, where that is measured. */
export const measured = (thresholds) => (asked.isMeasured ? thresholds : {});

/** So many a second: by their count, since k6 counts the time in which a scenario is set up, too. */
export const atLeast = (perSecond) => `count>=${perSecond * asked.seconds}`;
