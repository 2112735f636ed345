import type * as english from '../english/live'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const times = ['poco ruido (t = 0,2)', 'mitad y mitad (t = 0,5)', 'mucho ruido (t = 0,8)']

export default {
  live: {
    needs: 'Estas páginas han llegado sin el programa que tienen detrás. En tu propia máquina, esto las abre con él:',
    train: {
      heading: 'Entrénala aquí y ahora',
      without: 'Aquí podrías ver cómo la red aprende los dígitos en uno o dos minutos, desde cero.',
      says: (minutes) =>
        `La red de estos capítulos, a partir de pesos al azar, con los mismos dígitos, en el procesador que sirve esta página. Tarda ${minutes * 60} segundos. No se guarda nada.`,
      start: 'Entrenar',
      again: 'Entrenar otra vez',
      stop: 'Parar',
      states: {
        starting: 'Cargando PyTorch y los dígitos…',
        training: 'Está aprendiendo.',
        finished: 'El entrenamiento ha terminado.',
        stopped: 'Parado.',
      },
      stands: (images, seconds) => `${number(images)} imágenes vistas, ${fixed(seconds, 0)} s`,
      curve: 'Error del ruido predicho, según las imágenes vistas: 1 es no saber nada',
      curveDescribed: (images, errors) =>
        `Después de ${number(images)} imágenes, el error del ruido predicho es ${errors.map((error, i) => `${fixed(error, 3)} con ${times[i]}`).join('; ')}.`,
      times,
      moment: 'Momento',
      at: (images) => (images ? `${number(images)} imágenes` : 'antes de entrenar'),
      loss: (loss) => `pérdida de entrenamiento ${fixed(loss, 3)}`,
      samples: 'Las mismas dieciséis semillas; se pide del 0 al 9, por turno',
      sample: (digit, seed) => `se pide ${digit}, semilla ${seed}`,
    },
    draw: {
      heading: 'Tu propio modelo',
      without: 'Aquí podrías dibujar con un modelo que hayas entrenado tú.',
      noRun: 'Estos son los dígitos que vienen con el paquete. Para dibujar con un modelo tuyo, cierra la lección y ábrela con su entrenamiento:',
      opening: 'Abriendo los dígitos…',
      facts: { name: 'Modelo', shape: 'Una imagen', points: 'Un punto', parameters: 'Parámetros', classes: 'Clases', device: 'Se calcula en' },
      shape: (shape) => (shape.length === 1 ? `${shape[0]} coordenadas` : `${shape[2]} × ${shape[1]} píxeles, ${shape[0] === 1 ? 'en gris' : 'en color'}`),
      parameters: (count) => (count < 1e6 ? number(count) : `${fixed(count / 1e6, 1)} millones`),
      classes: (names) => (names.length ? `${names.slice(0, 12).join(', ')}${names.length > 12 ? ` y ${names.length - 12} más` : ''}` : 'ninguna'),
      of: 'Clase',
      each: 'cada una por turno',
      count: 'Cuántas',
      seed: 'Primera semilla',
      fresh: 'Otras semillas',
      sampler: 'Muestreador',
      steps: 'Pasos',
      guidance: 'Guía',
      plain: 'no hace caso de la clase',
      insists: 'insiste en ella',
      draw: 'Dibujar',
      drawing: 'Dibujando…',
      stop: 'Parar',
      few: (sampler, needs) => `${sampler} necesita al menos ${needs} pasos.`,
      drawn: (count, first, sampler, steps, seconds) =>
        `${count === 1 ? `Semilla ${first}` : `Semillas de ${first} a ${first + count - 1}`}, ${sampler}, ${steps} pasos: ${fixed(seconds, seconds < 10 ? 1 : 0)} s`,
      described: (count, name, of) => `${count} ${count === 1 ? 'dibujada' : 'dibujadas'} por ${name}${of && `, clase: ${of}`}`,
    },
  },
} satisfies Said<typeof english>
