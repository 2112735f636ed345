import type * as english from '../english/forward'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const figures = (value: number) => fixed(value, 2)
const drawings = ['gato', 'cohete', 'casa', 'manzana', 'mariposa', 'pingüino', 'seta', 'pez', 'fresa', 'panda']
const named = (picture: string) => drawings[Number(picture)] ?? picture
/** e elevado a `lead`, como se dicen las probabilidades de uno frente a otro. */
const againstOne = (lead: number) => {
  const odds = Math.exp(lead)
  if (odds < 9.95) return fixed(odds, 1)
  if (odds < 1e9) return number(Number(odds.toPrecision(odds < 100 ? 2 : 1)))
  return `10^${Math.round(lead / Math.LN10)}`
}

export default {
  labels: {
    scene: 'Una imagen a lo largo del tiempo',
    time: 'Tiempo t',
    data: 'la imagen',
    noise: 'ruido puro',
    play: 'Añadir ruido',
    picture: 'Imagen',
    drawings,
    cleanPicture: 'La imagen',
    noisePicture: 'El ruido',
    times: (symbol, value) => `× ${symbol} = ${figures(value)}`,
    fresh: 'Ruido nuevo',
    atTime: (t) => `t = ${figures(t)}`,
    clean: (t) => `t = ${t}, la imagen`,
    pure: (t) => `t = ${t}, ruido`,
    schedule: 'Programa de ruido',
    schedules: { linear: 'Lineal (DDPM)', cosine: 'Coseno', sigmoid: 'Sigmoide', flow: 'Recto (flow)', own: 'El tuyo' },
    show: 'Mirar',
    shows: { schedule: 'El programa de ruido', ways: 'Pasos o un salto', other: '¿Sigue ahí dentro?' },
    plot: 'Curva de',
    plots: { levels: 'α y σ' },
    curve: 'El programa de ruido como curva, con tiradores para doblarla',
    bend: 'Arrastra un tirador, o elige uno con Tab y muévelo con las flechas. Las láminas lo siguen. En gris: los otros programas.',
    handle: (t) => `Tu curva en t = ${fixed(t, 1)}`,
    handleAt: (logsnr, alpha) => `logSNR ${logsnr}, alfa ${alpha}`,
    divide: 'Dividir la lámina entre α',
    alpha: 'α, de la imagen',
    sigma: 'σ, del ruido',
    snr: 'señal a ruido',
    ratio: (snr) => (snr > 1e9 ? '∞' : snr < 1e-6 ? '0' : number(Number(snr.toPrecision(2)))),
    share: (picture) => {
      const percent = Math.round(100 * picture)
      return picture > 0 && percent < 1 ? 'menos del 1 % de imagen, casi todo ruido' : `${percent} % de imagen, ${100 - percent} % de ruido`
    },
    shareOf: 'Fuerza, como partes de α² y σ²',
    linearOnly: 'Aquí el programa es el lineal de DDPM, cuyos mil pasos sueltos están en la tabla.',
    byChain: 'Paso a paso',
    byJump: 'De un salto',
    doses: (count) => `${number(count)} dosis de ruido`,
    oneDose: (count) => (count ? '1 dosis de ruido' : 'sin ruido'),
    sameLaw: 'No coincide ni un píxel: los dos usaron ruido distinto. Ahora mira muchas repeticiones. Un píxel claro y uno oscuro, con ruido añadido 1000 veces de cada manera, se dispersan igual:',
    sameStart: 'Antes de la primera dosis, los dos son la imagen limpia.',
    counting: 'Ejecutando la cadena 1000 veces…',
    value: 'valor del píxel',
    often: 'con qué frecuencia',
    bright: 'Píxel claro',
    dark: 'Píxel oscuro',
    chainKey: 'Relleno: paso a paso',
    jumpKey: 'contorno: un salto',
    mean: 'media',
    spread: 'dispersión',
    histogram: (t) => `Cómo se dispersan los valores de un píxel claro y uno oscuro en el tiempo ${figures(t)}: la cadena de pasos y el salto único dan las mismas dos campanas.`,
    law: { ways: 'Manera', chain: 'Paso a paso', jump: 'Un salto' },
    number: figures,
    takenFor: 'La otra imagen',
    isOne: (picture) => `α · ${named(picture)}`,
    isNoise: 'σ · ruido',
    isSlice: 'esta lámina',
    noiseOf: (spread) => `Ruido de dispersión ${spread}`,
    sliceAt: (t) => `La imagen con ruido en el tiempo ${figures(t)}`,
    odds: (mine, other, lead) => {
      const [likelier, less] = (lead < 0 ? [other, mine] : [mine, other]).map(named)
      return `Probabilidades, ${likelier} frente a ${less}: ${againstOne(Math.abs(lead))} a 1.`
    },
    follows: (mine, other, lead) => {
      const [likelier, less] = (lead < 0 ? [other, mine] : [mine, other]).map(named)
      const odds = Math.exp(Math.abs(lead))
      if (odds < 3) return `Nadie puede saber qué imagen era: esta lámina sale casi con la misma frecuencia de la otra (${less}).`
      if (odds < 20) return `Probablemente era esta imagen: ${likelier}. La otra (${less}) todavía es posible.`
      if (odds < 1000) return `Casi seguro que era esta imagen: ${likelier}. La otra (${less}) necesitaría un ruido poco común.`
      return `Era esta imagen: ${likelier}. El ruido que necesitaría la otra (${less}) no sale prácticamente nunca. Añade más ruido.`
    },
    impossible: 'Sin ruido no hay nada que confundir. Añade un poco.',
    described: (picture, t, schedule, share) =>
      `La imagen (${picture}) y el ruido se suman y dan la lámina del tiempo ${figures(t)}; el ${Math.round(100 * share)} % de su fuerza es imagen. Debajo, nueve láminas, de limpia a ruido puro, según el programa «${schedule}».`,
    describedWays: (picture, steps) =>
      `Dos filas de láminas de la misma imagen (${picture}): a la izquierda, con ruido paso a paso; a la derecha, cada una de un salto. Después de ${number(steps)} ${steps === 1 ? 'paso' : 'pasos'} las dos tienen el mismo aspecto, con ruido distinto.`,
    describedOther: (mine, other, t) =>
      `A la izquierda se disuelve una imagen (${named(mine)}); a la derecha, otra (${named(other)}). En el tiempo ${figures(t)} las dos tienen exactamente la misma lámina.`,
  },
  text: {
    title: 'El proceso hacia delante',
    short: 'Ida',
    lead: 'Dos números dicen cómo estropear una imagen. No hacen falta habilidad, ni red, ni espera: un salto lleva a cualquier momento.',
    sections: [
      {
        heading: 'Una receta, no una habilidad',
        text: [
          'Las láminas que hay debajo de la suma muestran una imagen en nueve momentos. En cada momento se le hacen dos cosas. Se vuelve más tenue: se multiplica por [[alpha (α)|α]]. Y se le suma [[noise|ruido]], multiplicado por [[sigma (σ)|σ]], que es entonces su dispersión, la [[standard deviation|desviación estándar]]. Arrastra el tiempo o [pon t en 0,7](forward.show=schedule&forward.t=0.7) y observa la suma: la imagen, el ruido y la lámina que forman.',
          '**Aquí no se aprende nada.** El ruido se sortea a ciegas; nunca ha visto una imagen. Los dos números salen de una tabla escrita antes de que hubiera imagen alguna, el [[schedule|programa de ruido]]. Lo que hay que aprender es el camino de vuelta. Sus ejercicios salen de aquí: una imagen estropeada junto con su original, tantas como quieras, gratis.',
        ],
        equations: [{ says: 'La imagen, atenuada por alfa, más ruido de fuerza sigma.' }],
      },
      {
        heading: 'Mil dosis pequeñas, o una',
        text: [
          'El artículo que hizo funcionar la difusión con imágenes, [[DDPM]], describe una cadena de mil pasos, los [[timestep|pasos de tiempo]]. Cada paso encoge la imagen un poco y añade una pequeña dosis de ruido. Su tamaño es [[beta (β)|β]], la [[variance|varianza]]: la dispersión al cuadrado. [Abre «Pasos o un salto»](forward.show=ways&forward.t=0.2): la lámina de la izquierda da de verdad todos los pasos.',
          'La de la derecha salta. Se puede porque *la suma de números independientes sacados de campanas de Gauss sigue otra vez una campana de Gauss*, y sus varianzas se suman. Doscientas dosis pequeñas hacen lo mismo que una grande, y la tabla dice de qué tamaño. Las dos láminas difieren en todos los píxeles, porque su ruido es distinto. Mueve el tiempo: siguen pareciéndose. Su distribución es la misma: repite las dos muchas veces, y cada píxel tendrá la misma media y la misma dispersión.',
          'Por eso el entrenamiento nunca recorre la cadena. Elige un momento al azar, salta hasta él y le pregunta a la red: ¿qué era esto?',
        ],
        equations: [
          { says: 'Un paso pequeño: conservar algo menos que todo, añadir un poco de ruido. La varianza anterior por (1 − β) más la nueva varianza β: el total sigue siendo 1.' },
          { says: 'Todo de una vez: lo que k pasos dejan de la imagen y cuánto ruido han traído entre todos.' },
        ],
      },
      {
        heading: 'El programa de ruido: dónde gastar el tiempo',
        text: [
          'Un número dice lo bien que se distingue una imagen: la [[signal-to-noise ratio|relación señal-ruido]], la fuerza de la imagen comparada con la del ruido. Recorre muchas potencias de diez, y por eso se dibuja su logaritmo, [[logSNR]]. En 0 las dos fuerzas son iguales. Por cada 2,3 que baja, el ruido se hace diez veces más fuerte, comparado con la imagen.',
          'Todos los programas llevan de lo limpio al ruido. Se diferencian en dónde gastan el tiempo. El [lineal](forward.show=schedule&forward.schedule=linear) de DDPM gasta el 45 % donde el ruido es más de veinte veces más fuerte que la imagen; el [coseno](forward.show=schedule&forward.schedule=cosine) gasta ahí el 14 % y más tiempo en el centro, donde aparecen las formas. El [recto](forward.show=schedule&forward.schedule=flow), que usan muchos modelos recientes, hace bajar α y subir σ de manera uniforme. Dobla tú la curva y mira qué láminas se amontonan.',
          'En los tres primeros programas α² + σ² = 1, así que los números conservan su tamaño; de esos programas se dice que [[variance preserving|conservan la varianza]]. En el recto, en cambio, α + σ = 1. La diferencia es solo de brillo: donde la relación es igual, ves lo mismo.',
        ],
        equations: [{ says: 'La fuerza de la imagen entre la fuerza del ruido, las dos como varianzas, y el logaritmo de eso.' }],
      },
      {
        heading: '¿Sigue la imagen ahí dentro?',
        text: [
          'Es tentador pensar que la imagen con ruido *contiene* la original y que algo ingenioso solo tiene que descifrarla. Prueba lo más sencillo, con el interruptor [«Dividir la lámina entre α»](forward.show=schedule&forward.divide=1&forward.t=0.6). La imagen recupera su fuerza. El ruido también, y no ves más que antes.',
          'Hay una razón más profunda. [Abre «¿Sigue ahí dentro?»](forward.show=other&forward.schedule=linear&forward.t=0.3). La misma lámina se puede explicar de dos maneras: por una imagen con su ruido, o por otra imagen con otro ruido. El panel calcula las probabilidades de una frente a la otra. Mientras hay poco ruido, la otra imagen necesitaría un ruido que no sale prácticamente nunca. [Con mucho ruido](forward.show=other&forward.schedule=linear&forward.t=0.9) las probabilidades están casi igualadas. **Entonces la lámina misma no dice qué era.** Solo dice qué imágenes pudo haber sido, y qué probabilidad tiene cada una.',
          'Así que el camino de vuelta no es descifrar. Elige, paso a paso, una de todas las imágenes que encajan. El próximo capítulo muestra cómo.',
        ],
        equations: [
          { says: 'Una imagen con ruido, explicada de dos maneras: este original con este ruido, o aquel original con aquel ruido.' },
          { says: 'Las probabilidades de una frente a la otra, si las dos imágenes eran igual de probables de antemano: la imagen que necesita el ruido menor es la más probable.' },
        ],
      },
    ],
  },
} satisfies Said<typeof english>
