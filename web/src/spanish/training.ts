import type { RivalKind } from '../compute/computed'
import type * as english from '../english/training'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const percent = (share: number) => `${fixed(100 * share, 1)} %`
const three = (value: number) => fixed(value, 3)
const thousands = (images: number) => (images < 1000 ? String(Math.round(images)) : `${number(Math.round(images / 1000))} mil`)
const sets = { seen: 'imágenes con las que se entrena', held_out: 'imágenes nunca vistas' }
const names: Record<RivalKind, string> = { diffusion: 'Difusión', vae: 'VAE', gan: 'GAN' }

export default {
  labels: {
    scene: 'El error en cada nivel de ruido, momento a momento',
    view: 'Mirar',
    views: { run: 'Un entrenamiento entero', step: 'Un paso a mano', plane: 'Entrena una tú', beside: 'Una GAN y un VAE al lado' },
    moment: 'Entrenamiento',
    at: (images, seconds) => (images ? `${number(images)} imágenes, ${fixed(seconds, 0)} s` : 'sin empezar'),
    before: 'antes',
    after: 'el final',
    show: 'Mostrar',
    shows: { samples: 'Lo que dibuja', error: 'Su error, nivel por nivel' },
    set: 'Error en',
    sets,
    axis: { t: 'tiempo t del nivel de ruido', error: 'error del ruido predicho' },
    sofar: (images) => (images ? `después de ${thousands(images)} imágenes` : 'antes de entrenar'),
    ofSet: (set) => sets[set],
    thousands,
    samples: (count) => `Las mismas ${count} semillas, a las que se pide del 0 al 9 por turno, en este momento`,
    framed: 'Debajo de cada una está el dígito pedido. Un marco señala las imágenes en que no se lee.',
    samplesDescribed: (count, images, read) => `${count} imágenes dibujadas después de ${number(images)} imágenes de entrenamiento; en ${read} de ellas se lee el dígito pedido.`,
    rows: {
      loss: 'Pérdida de entrenamiento desde el momento anterior',
      seen: 'Error medio, imágenes con las que se entrena',
      held_out: 'Error medio, imágenes nunca vistas',
      read: 'Muestras en que se lee el dígito pedido',
      near: 'De una muestra a la imagen de entrenamiento más parecida',
    },
    three,
    percent,
    none: 'ninguna todavía',
    read: (read, count) => `${read} de ${count}`,
    how: (real, classifier) =>
      `Las lee un clasificador que acierta en el ${percent(classifier)} de los dígitos reales. Las distancias son una parte del camino de negro a blanco; un dígito real que nunca se vio está a un ${percent(real)} de la imagen de entrenamiento más parecida.`,
    curve: 'El mismo entrenamiento en un eje uniforme: error medio según las imágenes vistas',
    curveDescribed: (moments) =>
      `Error medio del ruido predicho: ${moments.map(({ images, seen, held_out }) => `después de ${number(images)} imágenes, ${three(seen)} en aquellas con las que se entrena y ${three(held_out)} en las nunca vistas`).join('; ')}.`,
    level: 'Nivel de ruido, tiempo t',
    little: 'poco ruido',
    much: 'mucho ruido',
    clean: 'un dígito',
    thrown: 'ruido añadido',
    goesIn: 'entra',
    guess: 'ruido estimado',
    difference: 'diferencia',
    error: (error) => `error ${three(error)}`,
    compared: (mean, batch, expected) =>
      `${batch === 1 ? 'El error cuadrático, promediado en los 64 píxeles' : `El error cuadrático medio de ${batch} dígitos, cada uno con su propio ruido`}: ${three(mean)}. En el entrenamiento grabado, la media en este nivel era ${three(expected)} al final, en imágenes con las que se había entrenado.`,
    another: 'Un ejercicio más',
    fresh: 'Ruido nuevo',
    digit: 'Dígito',
    batch: 'Dígitos en el lote',
    batches: { '10': '10, uno de cada' },
    described: (images, set, low, middle, high) =>
      `Once cintas, una por cada momento grabado, muestran el error del ruido predicho según el nivel de ruido, en ${sets[set]}. Después de ${number(images)} imágenes es ${three(low)} con poco ruido, ${three(middle)} en t = 0,5 y ${three(high)} con mucho ruido.`,
  },
  beside: {
    names,
    digit: 'Dígito',
    all: 'los diez',
    calls: (kind, calls) => (kind === 'diffusion' ? `${calls} llamadas` : 'una llamada'),
    took: (milliseconds) => `${fixed(milliseconds, 0)} ms aquí`,
    described: (kind, count, seed) => `${count} dígitos de las semillas ${seed} a ${seed + count - 1}, dibujados por el modelo ${names[kind]}.`,
    trained: ({ seconds, threads, parameters, images }) =>
      `Cada uno se entrenó durante ${seconds} s en ${threads === 1 ? 'un núcleo de procesador' : `${threads} núcleos de procesador`}, con los mismos dígitos. Parámetros e imágenes vistas: ${(['diffusion', 'vae', 'gan'] as const)
        .map((kind) => `${names[kind]}, ${number(parameters[kind])} y ${number(images[kind])}`)
        .join('; ')}. En la GAN y en el VAE cuentan las dos redes.`,
  },
  plane: {
    set: 'Datos',
    sets: { moons: 'Lunas', spirals: 'Espirales', rings: 'Anillos', pinwheel: 'Molinete', own: 'Los tuyos' },
    type: 'Escribe una o dos letras',
    draw: 'o dibuja aquí',
    clear: 'Borrar',
    pad: 'Un espacio para dibujar una forma con el dedo o el ratón',
    start: (seconds) => `Entrenar ${seconds} segundos`,
    again: 'Entrenar otra vez',
    stop: 'Parar',
    time: 'Tiempo de entrenamiento transcurrido',
    key: 'Gris: los datos. Azul: puntos que la red genera a partir de ruido, siempre del mismo. Naranja: hacia dónde mueve un punto.',
    rows: { steps: 'Pasos', loss: 'Pérdida', away: 'Distancia a los datos' },
    arrows: 'Flechas en el tiempo t',
    loss: 'La curva es la pérdida, paso a paso. Nunca acaba en nada: el ruido no se puede conocer con exactitud.',
    how: (weights) =>
      `Una red de ${number(weights)} pesos aprende en tu navegador, desde cero, con 128 puntos en cada paso. «Distancia a los datos» es lo lejos que está un punto generado del dato más cercano, en promedio; la dispersión de los datos es 1.`,
    failed: 'el entrenamiento se detuvo',
    described: (steps, away) =>
      away === undefined
        ? 'Puntos en el plano, los datos; todavía no se ha entrenado ninguna red.'
        : `Después de ${number(steps)} pasos, los puntos generados están a ${fixed(away, 2)} de los datos en promedio.`,
    curve: (losses) => (losses.length ? `La pérdida, de ${fixed(losses[0]!, 2)} a ${fixed(losses.at(-1)!, 2)}.` : 'Todavía no hay pérdida.'),
  },
  text: {
    title: 'Entrenamiento',
    lead: 'Cómo aprende la red a estimar: haciendo el mismo pequeño ejercicio un cuarto de millón de veces.',
    sections: [
      {
        heading: 'Un paso',
        text: [
          'Toma una imagen. Toma un nivel de ruido cualquiera. Sortea [[noise|ruido]], mézclalo y pregunta: *¿qué ruido era?* El ruido lo sorteamos nosotros, así que sabemos la verdad, y el ejercicio no necesita maestro. La [[loss|pérdida]] es la diferencia al cuadrado entre la estimación y la verdad. El [[gradient|gradiente]] dice cómo tiene que moverse cada uno de los 1.785.345 pesos para que la pérdida sea menor, y todos se mueven un poco hacia ahí. Eso es un paso del [[training|entrenamiento]].',
          '[Elige «Un paso a mano»](training.view=step) y hazlo tú. Cada ejercicio deja un punto, y los puntos se dispersan mucho: un solo error dice poco de la red. Por eso un paso toma la media de un [[batch|lote]]. [Con 80 dígitos](training.view=step&training.batch=80) caes cada vez cerca de la curva grabada.',
          'Muchos pasos así son un entrenamiento. [Entrena una red tú](training.view=plane), aquí en tu navegador: puntos en el plano en lugar de imágenes, para que basten diez segundos. Mira cómo baja la [[loss|pérdida]] y cómo los puntos que genera la red encuentran su lugar.',
          'Cada ejercicio recorre todo el camino de una vez. En el entrenamiento, la red nunca ve un recorrido. Solo aprende a estimar bien en todos los niveles. (Este paquete escribe la pérdida como el error de la *imagen*, con un peso para cada nivel de modo que todos cuenten más o menos igual. Es el mismo ejercicio, como viste en el capítulo anterior.)',
        ],
        equations: [{ says: 'La pérdida: el error cuadrático del ruido estimado, en promedio sobre imágenes, niveles y ruido.' }],
      },
      {
        heading: 'Tranquilo, porque nadie juega en contra',
        text: [
          'Esto es simple regresión: preguntas fijas con respuestas fijas. El blanco no se mueve mientras apuntas. En una [[GAN]] sí se mueve. Dos redes juegan una contra otra, y lo que es una buena jugada para una depende de la otra. Si una gana con claridad, a la otra no le queda nada de lo que aprender. La difusión no tiene adversario, así que no necesita equilibrio entre dos redes.',
          'El panel muestra un entrenamiento real del modelo de esta lección: 14 minutos en un núcleo de procesador que compartía con otros programas. [Empieza antes del entrenamiento](training.view=run&training.show=samples&training.moment=0) y recórrelo. Mira después [su error](training.view=run&training.show=error&training.moment=2): cada cinta es un momento del entrenamiento. El error baja primero con mucho ruido, donde el ruido se ve a simple vista. Con poco ruido baja más tarde.',
        ],
      },
      {
        heading: 'Una GAN y un VAE, con el mismo reloj',
        text: [
          'Otros dos modelos hacen una imagen a partir de ruido en una sola [[call|llamada]], sin recorrido. Un [[VAE]] aprende a comprimir cada imagen en unos pocos números y a desplegarla otra vez. Para dibujar, despliega números al azar. Donde no está seguro dibuja un promedio, y los promedios son borrosos. Una [[GAN]] tiene un falsificador y un crítico. El falsificador convierte ruido en imágenes, el crítico aprende a distinguirlas de las reales, y cada uno mejora con los errores del otro. Nada en este juego le pide al falsificador *todas* las clases de imágenes.',
          '[Elige «Una GAN y un VAE al lado»](training.view=beside). Una misma [[seed|semilla]] pone en marcha a los tres, así que puedes comparar sus imágenes. Las tablas de abajo dicen qué se midió y con qué medidas: la [[Fréchet distance|distancia de Fréchet]], para lo cerca que están las imágenes de las reales como conjunto; la [[precision|precisión]], para cuántas de ellas parecen reales; y la [[recall|exhaustividad]] y la [[coverage|cobertura]], para cuánto alcanzan de las reales. Una afirmación que las cifras no respaldan se queda en la tabla como *no se confirma*.',
        ],
      },
      {
        heading: 'La pérdida tiene un suelo, y plano no quiere decir terminado',
        text: [
          '[Las cintas](training.view=run&training.show=error&training.moment=10) nunca llegan a cero, por mucho que entrenes. Una imagen con ruido puede venir de muchas limpias. La mejor estimación es su promedio, y se equivoca un poco con cada una de ellas. Este suelo es de los datos: hasta el eliminador de ruido perfecto lo tiene. Para el ruido, es más alto cuando hay poco ruido. Para leer un ruido tenue en una imagen, tendrías que conocer la imagen con exactitud.',
          'Por eso la curva que hay debajo de las muestras es difícil de leer. Casi toda su altura al final es lo que nadie puede predecir. [Después de 8000 imágenes](training.view=run&training.show=samples&training.moment=5), el 3 % del entrenamiento, el error medio ha bajado nueve décimas partes de todo lo que va a bajar, y el resto parece plano. Ahora mira las muestras. En ese momento, en 6 de las 40 no se puede leer el dígito pedido. [A partir de 16.000 imágenes](training.view=run&training.show=samples&training.moment=6) es una como mucho. En la curva, para imágenes nunca vistas, eso fue un paso de 0,153 a 0,137. **Una pérdida plana no significa que no se aprenda nada.** Mira las muestras, y la pérdida nivel por nivel.',
        ],
        equations: [{ says: 'Ninguna respuesta puede ser mejor que el promedio de todos los ruidos que encajan con lo que se ve; lo que estos se dispersan es el suelo.' }],
      },
      {
        heading: 'Un promedio, y cuándo parar',
        text: [
          'Cada lote tira de los pesos a su manera, así que los últimos pesos tiemblan. Las muestras se dibujan con la [[EMA]], la media de los pesos a lo largo del entrenamiento reciente. Lo aprendido se queda y el temblor se cancela. Esto cuesta una segunda copia de los pesos. Las cuarenta muestras de cada momento están dibujadas con ella.',
          '¿Cuándo hay que parar? Una décima parte de los dígitos quedó [[held-out|reservada]], fuera de este entrenamiento. En ellos el error medio es mínimo [después de 64.000 a 128.000 imágenes](training.view=run&training.show=error&training.set=held_out&training.moment=8): 0,126. [Al final](training.view=run&training.show=error&training.set=held_out&training.moment=10) ha *subido* a 0,137. En las imágenes de entrenamiento bajó todo el tiempo, hasta 0,094. A partir de cierto momento, la red aprende de memoria sus 1617 ejemplos. También se ve en las muestras: se acercan a las imágenes de entrenamiento, pero apenas a las reservadas. Esto es la [[memorisation|memorización]]. La pérdida de entrenamiento nunca te lo dice, porque solo baja. El remedio es tener más datos, o parar antes.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
