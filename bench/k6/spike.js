// Payments of one key at a steady rate, at five times that for a minute, then as before: its limit turns away what is too much.
import { asked } from './asked.js';
import { spikeOf } from './spikes.js';

export { spiking as default } from './spikes.js';
export const options = spikeOf(asked.rate || 400);
