// Payments of many keys at a rate that the machine takes, at five times that for a minute, then as before: no key's limit helps, the
// edge itself turns away what is too much.
import { asked } from './asked.js';
import { spikeOf } from './spikes.js';

export { spiking as default } from './spikes.js';
export const options = spikeOf(asked.rate || 600);
