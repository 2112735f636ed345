import type * as english from '../english/claims'
import type { Said } from '../languages'
import { number } from '../numbers'

const short = (value: number) => number(Number(value.toPrecision(3)))

export default {
  labels: {
    measured: (count) => `Gemessen: ${count === 1 ? 'eine Behauptung' : `${count} Behauptungen`} dieses Kapitels (auf Englisch)`,
    verdicts: { 'borne out': 'bestätigt', 'not borne out': 'nicht bestätigt', undecided: 'unentschieden', 'not applicable': 'nicht anwendbar' },
    decides: 'Was entscheidet',
    between: (least, most) =>
      least !== null && most !== null ? `verlangt: ${short(least)} bis ${short(most)}` : least !== null ? `verlangt: mindestens ${short(least)}` : `verlangt: höchstens ${short(most!)}`,
  },
} satisfies Said<typeof english>
