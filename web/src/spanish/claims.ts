import type * as english from '../english/claims'
import type { Said } from '../languages'
import { number } from '../numbers'

const short = (value: number) => number(Number(value.toPrecision(3)))

export default {
  labels: {
    measured: (count) => `Medido: ${count === 1 ? 'una afirmación' : `${count} afirmaciones`} de este capítulo (en inglés)`,
    verdicts: { 'borne out': 'se confirma', 'not borne out': 'no se confirma', undecided: 'sin decidir', 'not applicable': 'no es aplicable' },
    decides: 'Qué lo decide',
    between: (least, most) =>
      least !== null && most !== null ? `se pide: de ${short(least)} a ${short(most)}` : least !== null ? `se pide: al menos ${short(least)}` : `se pide: como mucho ${short(most!)}`,
    how: (threads) =>
      `Escrito por «python benchmarks/zoo.py rivals» en ${threads === 1 ? 'un núcleo de procesador' : `${threads} núcleos de procesador`}; ± es la mitad de un intervalo del 95 %. «sfumato claims digits» mide todo en tu máquina.`,
    quick: 'Esto es lo que encuentra con --quick: entrenamientos cortos y pocas imágenes, así que los intervalos son anchos.',
  },
} satisfies Said<typeof english>
