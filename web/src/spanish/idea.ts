import type * as english from '../english/idea'
import type { Said } from '../languages'
import { fixed } from '../numbers'

export default {
  labels: {
    scene: 'Una nube de puntos',
    shape: 'Forma',
    shapes: { 'torus-knot': 'Nudo tórico', spiral: 'Espiral', helix: 'Hélice', roll: 'Rollo suizo', own: 'La tuya' },
    time: 'Tiempo t',
    data: 'datos',
    noise: 'ruido puro',
    dissolve: 'Disolver',
    back: 'Recuperar',
    way: 'Mostrar',
    ways: { there: 'La ida', back: 'La vuelta' },
    paths: 'Mostrar caminos sueltos',
    again: 'Ruido nuevo',
    type: 'Escribe una o dos letras',
    draw: 'o dibuja aquí',
    clear: 'Borrar',
    pad: 'Un espacio para dibujar una forma con el dedo o el ratón',
    counted: (points, seconds) => `${points} puntos, 20 pasos: ${seconds} s en este navegador.`,
    described: (shape, t, back) =>
      back
        ? `Puntos que empezaron como ruido, de camino a la forma «${shape}», en el tiempo ${fixed(t, 2)}.`
        : `La forma «${shape}» hecha con 20.000 puntos, con ruido mezclado, en el tiempo ${fixed(t, 2)}.`,
  },
  text: {
    title: 'La idea',
    short: 'Idea',
    lead: 'Hacer ruido es fácil. Aprende a volver desde el ruido, paso a paso, y podrás hacer cualquier cosa de la que tengas ejemplos.',
    sections: [
      {
        heading: 'La ida: cualquiera puede hacerla',
        text: [
          'Arrastra el control del tiempo o [pon t en 0,5](idea.way=there&idea.t=0.5). Cada punto de la forma deriva hacia un lugar propio en una bola redonda. Aquí no se aprende nada. Cada punto se mezcla con [[noise|ruido]], un poco más en cada momento. Este es el [[forward process|proceso hacia delante]].',
          '[Al final](idea.way=there&idea.t=1) nadie puede distinguir el nudo de la espiral. Empieces con lo que empieces, acabas en la misma bola, densa en el centro y rala por fuera: una [[Gaussian|gaussiana]]. Por eso es útil la primera mitad. Cualquiera puede sacar puntos nuevos de una gaussiana.',
        ],
        equations: [{ says: 'Lo que ves en el tiempo t son los datos, encogidos por alfa, más ruido, escalado por sigma.' }],
      },
      {
        heading: 'La vuelta: estimar y dar un paso pequeño',
        text: [
          'Ahora [recupera la forma](idea.way=back&idea.t=0). La página lanza puntos nuevos al azar. Ninguno de ellos ha formado parte nunca de la forma. En cada paso, cada punto hace una sola pregunta: *¿dónde podía estar yo antes del ruido, en promedio?* La respuesta es una [[guess|estimación]]; lo que la da se llama [[denoiser|eliminador de ruido]]. El punto da un paso pequeño hacia la estimación. Y vuelve a preguntar.',
          '[Mira caminos sueltos](idea.way=back&idea.paths=1&idea.t=0). Ningún punto vuelve a su antiguo lugar, porque no tiene ninguno. La forma regresa como un todo: las estimaciones conocen la [[distribution|distribución]]: dónde hay muchos puntos y dónde pocos. Los puntos no los conocen. Así que un modelo de difusión hace imágenes nuevas; no busca imágenes antiguas.',
        ],
        equations: [{ says: 'La mejor estimación del punto limpio: el promedio de todo lo que pudo haber sido.' }],
      },
      {
        heading: 'Lo que queda por aprender',
        text: [
          'Esta forma está hecha de unos cientos de manchas. Para ella, la mejor estimación se puede calcular con exactitud, y esta página lo hace. Para las imágenes no puede nadie: hay demasiadas y solo tenemos ejemplos. Por eso una [[network|red]] aprende a estimar a partir de ejemplos mezclados con ruido. Los capítulos siguientes lo construyen: el ruido, el camino de vuelta, la red, su entrenamiento, los muestreadores que necesitan pocos pasos, las maneras de decir lo que quieres y lo que el mundo hace con todo ello.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
