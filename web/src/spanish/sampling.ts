import type * as english from '../english/sampling'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const seconds = (milliseconds: number) => `${fixed(milliseconds / 1000, milliseconds < 995 ? 2 : 1)} s`
const steps = (count: number) => `${number(count)} ${count === 1 ? 'paso' : 'pasos'}`
const calls = (count: number) => `${number(count)} ${count === 1 ? 'llamada' : 'llamadas'}`
const pictures = (count: number) => `${number(count)} ${count === 1 ? 'imagen' : 'imágenes'}`

export default {
  labels: {
    view: 'Mirar',
    views: { race: 'Una carrera', wall: 'Un muro de semillas', few: 'Dónde no bastan pocos pasos', grids: 'Dónde pisa un recorrido ajustado', calls: 'Una llamada, dos llamadas', drift: 'Puntos a la deriva' },
    none: 'nadie',
    race: 'Recorridos desde el mismo ruido',
    lane: (place) => `Calle ${place}`,
    sampler: 'Muestreador',
    steps: 'Pasos',
    stepCount: steps,
    lanes: 'Quién camina, y en cuántos pasos',
    many: 'Imágenes a la vez',
    seed: 'Primera semilla',
    fresh: 'Semillas nuevas',
    oneSeed: 'Semilla',
    oneFresh: 'Semilla nueva',
    show: 'Las imágenes muestran',
    shows: { x: 'la imagen hasta ahora', guess: 'la estimación del final' },
    asked: 'Llamadas a la red hasta ahora',
    ofCalls: (done, total) => `${number(done)} de ${calls(total)}`,
    bars: (total) => `Barras: llamadas a la red, la más larga ${number(total)}`,
    start: 'ruido puro',
    finish: 'todas han llegado',
    raceAgain: 'Correr',
    stop: 'Parar',
    go: 'Empezar otra vez',
    clock: (done, total, milliseconds) => `${number(done)} de ${calls(total)} · ${seconds(milliseconds)}`,
    afterSteps: (count) => (count ? `Después de ${steps(count)}` : 'El ruido del principio'),
    wish: 'Dibujan',
    wishes: { mushroom: 'una seta', 'smiling face': 'una cara sonriente', bird: 'un pájaro', 'red apple': 'una manzana', '': 'cualquier cosa' },
    counting: (name, done, total) => `${name}: ${number(done)} de ${calls(total)}…`,
    stopped: 'Parado.',
    laneName: (name, count) => `${name}, ${steps(count)}`,
    result: (count, milliseconds) => (milliseconds === undefined ? calls(count) : `${calls(count)} · ${seconds(milliseconds)}`),
    laneTold: (name, done, total, milliseconds) =>
      done < total ? `${name} ha hecho ${number(done)} de ${calls(total)}` : `${name} ha llegado tras ${calls(total)}, en ${seconds(milliseconds)}`,
    racing: (wish, told) => `Recorridos desde el mismo ruido hasta ${wish}, llamada a llamada por turno: ${told.join('; ')}.`,
    waiting: 'Recorridos desde el mismo ruido; aún no han empezado.',
    wall: 'Imágenes por semilla, fila a fila',
    wallTold: (count, done, milliseconds) =>
      `${pictures(count)}, ${calls(done)} para todas juntas: ${seconds(milliseconds)} en este navegador, ${fixed(milliseconds / count, 0)} ms por imagen.`,
    wallDescribed: (count, first, name, walked) =>
      `${pictures(count)}, semillas de ${number(first)} a ${number(first + count - 1)}, dibujadas por ${name} en ${steps(walked)}.`,
    row: steps,
    rowCannot: (needs) => `necesita al menos ${steps(needs)}`,
    grids: { own: 'el recorrido propio del modelo', tuned: 'el ajustado a él' },
    gridScene: 'Dos recorridos por el paisaje, vistos desde arriba',
    gridData: 'datos limpios',
    gridSays: 'Cada línea es un nivel de ruido en el que se pregunta a la red de los dígitos, o el final del recorrido. Detrás está el paisaje del capítulo 3, con el ruido arriba: en qué se convierte una colina al aclararse.',
    gridDescribed: (count, own, tuned) =>
      `En ${steps(count)}, desde el ruido en el 0 % hasta los datos limpios en el 100 %: el recorrido propio del modelo está en ${own.map((one) => `${fixed(one, 0)} %`).join(', ')}; el ajustado, en ${tuned.map((one) => `${fixed(one, 0)} %`).join(', ')}.`,
    who: { model: 'El modelo', student: 'Su alumno' },
    callsLane: (name, count) => `${name}, ${calls(count)}`,
    callsRace: 'Un modelo y su alumno, desde el mismo ruido',
    callsTold: (told) => `Diez dígitos desde el mismo ruido, llamada a llamada por turno: ${told.join('; ')}.`,
    callsRow: (name) => `Los dígitos del 0 al 9: ${name}`,
    callsSays: 'Cada fila son diez semillas. Con dos llamadas, la primera respuesta del alumno recibe ruido nuevo y se responde otra vez.',
    driftSets: { moons: 'lunas', spirals: 'espirales', rings: 'anillos', pinwheel: 'un molinillo' },
    driftScene: 'Puntos a la deriva en el plano',
    driftReal: 'datos',
    driftPoints: 'puntos a la deriva',
    driftData: 'Datos',
    driftSteps: 'Pasos de deriva',
    driftStart: 'todos en el centro',
    driftEnd: 'entre los datos',
    driftPlay: 'Derivar',
    driftSays: 'A cada punto lo atraen los datos cercanos y lo empujan los puntos cercanos. Donde hay tantos puntos como datos, nada se mueve.',
    driftDescribed: (set, step, total) => `Puntos que derivan del centro del plano hacia datos con forma de ${set}, tras ${number(step)} de ${steps(total)}.`,
    fewDescribed: (name, count) => `Las mismas seis semillas, dibujadas por ${name} en ${count} ${count === 1 ? 'paso' : 'pasos'}`,
    ofSeed: (seed) => `Semilla ${seed}`,
  },
  text: {
    title: 'Muestreo',
    lead: 'Una red, muchas maneras de caminar con ella. Se diferencian en cómo dan un paso y, por tanto, en cuántas llamadas necesitan.',
    sections: [
      {
        heading: 'La misma red, otros pasos',
        text: [
          '[Tres recorridos](sampling.view=race&sampling.third=dpm%2B%2B2m) parten del mismo ruido y usan la misma red, llamada a llamada por turno. Cada uno tiene su propio reloj, que solo corre mientras se responde a su llamada. Un [[sampler|muestreador]] no es más que la regla para el paso siguiente: con las estimaciones hasta ahora, cuánto avanzar y hacia dónde. Los niveles de ruido que visita son su [[grid|rejilla]]. **La red no se vuelve a entrenar.** El muestreador se elige después.',
          'La red es casi todo el coste. Una [[call|llamada]] la ejecuta entera; el muestreador solo suma unos pocos números. Por eso se cuentan las llamadas. Un paso es a menudo una llamada, pero no siempre: Heun necesita dos en casi todos los pasos.',
          '[[DDPM]] añade ruido fresco en cada paso. Sus pasos tienen que ser cortos: cada uno supone que una sola campana de Gauss describe de dónde vino la imagen, y eso solo es cierto para pasos pequeños. [[DDIM]] no añade ruido y sigue el promedio, así que el mismo ruido acaba siempre en la misma imagen, y a este modelo le bastan veinte pasos. En el programa de este modelo, *Euler* es exactamente el mismo paso con otro nombre: [hazlos correr juntos](sampling.view=race&sampling.first=ddim&sampling.first-steps=20&sampling.second=euler&sampling.second-steps=20&sampling.third=none) y verás.',
        ],
        equations: [
          { says: 'DDIM: toma la estimación de la imagen limpia y vuelve a poner el ruido que ella implica, en el nivel s, más bajo.' },
          { says: 'Con ruido fresco z: parte del ruido anterior se cambia por nuevo. DDPM es una elección de eta; eta = 0 es DDIM.' },
        ],
      },
      {
        heading: 'Por qué pueden bastar menos llamadas',
        text: [
          'Sin ruido fresco, el recorrido sigue una curva suave del ruido a la imagen: la solución de una [[ODE|EDO]]. Euler va por líneas rectas y hace una estimación nueva en cada esquina. En un tramo curvo se aparta de ella, en una cantidad que disminuye en proporción al paso. [[Heun]] mira hacia delante y toma la media de dos direcciones. [[DPM-Solver++]] y [[UniPC]] recuerdan sus últimas estimaciones, ven cómo cambian y doblan el paso en consecuencia, sin otra llamada. Así quedan más cerca de la curva con las mismas llamadas, en cuanto los pasos son lo bastante pequeños. Aquí DPM-Solver++ queda más cerca que DDIM desde cuatro pasos, y UniPC claramente más cerca desde ocho, como mide el código.',
          '[Mira dónde no bastan pocos pasos](sampling.view=few&sampling.drawn=smiling+face). Un paso es una sola estimación desde ruido puro. En el ruido puro no hay nada que ver; solo se conocen las palabras. Así que la mejor estimación es el promedio de todas las caras sonrientes: una cara borrosa, la misma para todas las semillas. Con tres pasos las caras empiezan a diferenciarse. Con diez todavía se diferencian menos que con veinte. Así que dar pocos pasos cuesta, ante todo, variedad: las imágenes se parecen demasiado. Sin palabras, la primera estimación es [el promedio de todos los dibujos](sampling.view=few&sampling.drawn=).',
          'Qué niveles de ruido visita un recorrido corto también se puede aprender, sin entrenar la red: los recorridos largos muestran dónde deben acabar los cortos. [Compara el recorrido propio de los dígitos con el ajustado a ellos](sampling.view=grids). El ajustado deja antes el ruido y da más de sus pasos donde hay poco ruido.',
          'Una llamada de esta red solo puede responder con un promedio, que apenas cambia de una semilla a otra. Por eso se entrena otra red, a partir de los pesos de la primera: un alumno, que responde con una imagen entera. [Haz correr al modelo de los dígitos contra su alumno](sampling.view=calls), en una llamada y en dos. Este alumno aprendió a la deriva. Hace un lote de imágenes, y cada una ha de moverse un poco hacia las imágenes de entrenamiento cercanas y alejarse de las otras imágenes del alumno que tiene cerca. [Mira puntos a la deriva](sampling.view=drift) en el plano. Cuando las imágenes están repartidas como los datos, tirones y empujones se anulan, y no queda nada que aprender.',
          'Una [[GAN]] necesita una llamada, porque se entrenó para convertir el ruido en imagen de una vez. Por eso es rápida. El precio se paga en el entrenamiento, que es una competición entre dos redes. La difusión, en cambio, paga en el momento de dibujar. Cuánto paga cada una está medido debajo del panel.',
        ],
        equations: [{ says: 'Reduce el paso h a la mitad, y el error de un método de orden p se divide entre 2 elevado a p: entre 2 con Euler y DDIM, entre 4 con Heun y DPM-Solver++ (2M).' }],
      },
      {
        heading: 'Una semilla, una imagen',
        text: [
          'Una [[seed|semilla]] es el número que inicia la serie de ruido. El mismo modelo, el mismo muestreador y la misma semilla dan la misma imagen, aquí y en Python, sola o entre mil. Esta página hace su ruido igual que PyTorch, así que la orden que hay debajo del [muro](sampling.view=wall&sampling.drawn=smiling+face) dibuja lo que ves.',
          'Semillas distintas dan imágenes distintas, aunque las palabras sean las mismas. Esa es la [[diversity|diversidad]] del modelo: «una cara sonriente» deja muchas cosas abiertas, y el ruido las decide. Algunas de estas caras apenas sonríen: el modelo es pequeño y aprendió de pocos dibujos. Un muestreador sin ruido fresco convierte cada ruido en una imagen, y los vecinos, en vecinos.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
