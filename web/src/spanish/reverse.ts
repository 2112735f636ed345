import type * as english from '../english/reverse'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const figures = (value: number) => fixed(value, 2)

export default {
  labels: {
    scene: 'Un paisaje de densidad',
    show: 'Mirar',
    shows: { walks: 'Los recorridos', guess: 'La mejor estimación', pictures: 'Lo mismo con imágenes' },
    time: 'Tiempo t',
    data: 'los datos',
    noise: 'ruido puro',
    arrows: 'Flechas del score',
    walk: 'Bajar',
    again: 'Ruido nuevo',
    way: 'Tipo de recorrido',
    ways: { ddim: 'Determinista (DDIM)', ddpm: 'Al azar (DDPM)', less: 'DDPM, con menos ruido fresco' },
    fresh: 'Ruido fresco que recibe',
    percent: (share) => `${Math.round(100 * share)} %`,
    questions: 'Pasos',
    dataSide: (t) => `los datos, t = ${t}`,
    noiseSide: (t) => `ruido, t = ${t}`,
    atTime: (t) => `t = ${figures(t)}`,
    place: 'Dónde estás: x',
    number: figures,
    askedAt: (x) => `x = ${figures(x)}`,
    guessIs: (x) => `mejor estimación ${figures(x)}`,
    guessTold: (x, t, guess) => `En ${figures(x)}, en el tiempo ${figures(t)}, la mejor estimación del valor limpio es ${figures(guess)}.`,
    densityTold: (there, most) => `Densidad de los datos en ese lugar: ${figures(there)}. En la colina más alta es ${figures(most)}.`,
    rare: 'Ahí apenas hay datos: la estimación está entre las colinas, un promedio de lo que pudo haber sido.',
    likely: 'Ahí hay datos: o bien eran posibles pocos valores más, o bien el promedio cae por casualidad en una colina.',
    ends: (count, t) => `${number(count)} caminantes en el tiempo ${figures(t)}; la línea es la densidad verdadera de ese tiempo.`,
    spreads: (spread, right) => `dispersión ${figures(spread)}, correcta ${figures(right)}`,
    histogram: (way, spread, right) =>
      `${way}: cómo se dispersan los caminantes, junto a la densidad verdadera. Su dispersión es ${figures(spread)}; lo correcto sería ${figures(right)}.`,
    described: (t, way, count) =>
      `Un paisaje: tres colinas de datos, delante, se funden en una sola colina de ruido, al fondo. El corte en el tiempo ${figures(t)} está marcado.` +
      (way ? ` ${count} caminos del recorrido «${way}» bajan desde el ruido hasta ese tiempo.` : ''),
    noised: 'con ruido',
    guess: 'la estimación',
    noisedAt: (picture, t) => `Imagen (${picture}), con ruido hasta el tiempo ${figures(t)}`,
    guessAt: (t) => `La estimación de la imagen limpia que da la red en el tiempo ${figures(t)}`,
    oneCall: 'Fila de arriba: una imagen, con ruido hasta el tiempo t que está debajo. Fila de abajo: la estimación de la red, tras una llamada y sin palabra alguna. Es la red que dibuja emojis a partir de palabras.',
    column: figures,
    drawBoth: 'Mostrar las dos',
    both: 'Y recorridos enteros de DDPM, de 50 pasos cada uno, desde las mismas ocho semillas, a los que se pide una cara de gato. Python los recorrió cuando se hicieron estas páginas:',
    with: 'con ruido fresco',
    without: 'sin él',
    drawnWith: (seed) => `Dibujada con ruido fresco, semilla ${seed}`,
    drawnWithout: (seed) => `Dibujada sin ruido fresco, semilla ${seed}`,
  },
  text: {
    title: 'El proceso inverso',
    short: 'Vuelta',
    lead: 'Nadie puede descifrar el ruido. Pero se puede estimar lo que había en promedio, dar un paso pequeño hacia ello y volver a estimar.',
    sections: [
      {
        heading: 'Colinas, y flechas que apuntan cuesta arriba',
        text: [
          'Las imágenes pueden esperar. Aquí los datos son números sueltos, en tres grupos. El borde delantero del paisaje muestra cuántos hay en cada lugar, su [[density|densidad]]: tres colinas. Más atrás se ha mezclado ruido; [cada corte transversal](reverse.show=walks&reverse.t=0.5) es la densidad de los datos con ruido en ese tiempo. Las colinas se ensanchan, se juntan y acaban siendo la única colina redonda del ruido puro.',
          '[Las flechas](reverse.show=walks&reverse.arrows=1&reverse.t=0.2) que hay encima son el [[score]]. En palabras sencillas: *si yo estuviera aquí, ¿en qué dirección crecería más deprisa la probabilidad de los datos?* El score es fácil de obtener. El ruido ha empujado cada punto lejos de los datos. Estima el ruido, dale la vuelta y divídelo entre σ: eso es el score. Así que quien puede estimar el ruido conoce el camino cuesta arriba, sin saber lo alta que es la colina.',
        ],
        equations: [{ says: 'El score es la pendiente del logaritmo de la densidad. Es igual al ruido esperado, con el signo cambiado y dividido entre sigma.' }],
      },
      {
        heading: 'La mejor estimación es un promedio',
        text: [
          '[Mira «La mejor estimación»](reverse.show=guess&reverse.t=0.2&reverse.x=-1.2) y muévete a lo largo de x. La bandera está en la mejor [[guess|estimación]] del valor limpio: el promedio de todo lo que pudo haber sido, donde cada posibilidad pesa según lo probable que es. Con poco ruido, la bandera está sobre una colina. [Con mucho ruido](reverse.show=guess&reverse.t=0.6&reverse.x=-0.3) está *entre* las colinas, **donde apenas hay datos**. Eso no es un fallo. De todas las respuestas, el promedio tiene el menor error cuadrático.',
          'Un promedio de imágenes es una imagen borrosa. [Mira «Lo mismo con imágenes»](reverse.show=pictures): tras una [[call|llamada]] con una imagen muy ruidosa, la red da algo borroso. El promedio exacto también es borroso. Y fíjate en lo que la red *no* hace. No quita el ruido de un solo paso. Su estimación quita todo el ruido, cada vez.',
        ],
        equations: [{ says: 'La respuesta con el menor error cuadrático esperado es el promedio de lo que pudo haber sido.', tex: String.raw`\begin{gathered}\hat x_0(x, t) = \mathbb E\,[\,x_0 \mid x_t = x\,] \\[0.4em] \text{hace mínimo}\quad \mathbb E\,\big[\,\lVert x_0 - \hat x_0\rVert^2 \,\big|\, x_t = x\,\big]\end{gathered}` }],
      },
      {
        heading: 'Estima, da un paso pequeño, estima otra vez',
        text: [
          'Así que lo borroso no es el resultado. Es una dirección. Da un paso *pequeño*: mezcla otra vez la estimación y el ruido que ella implica, en el [[noise level|nivel de ruido]] siguiente, más bajo. Ahora hay un poco menos de ruido, encajan menos originales y la próxima estimación es más nítida. Ese es todo el [[reverse process|proceso inverso]]. [Da un solo paso](reverse.show=walks&reverse.walk=ddim&reverse.steps=1&reverse.t=0): todos los caminantes acaban en el promedio de todos los datos, que aquí cae por casualidad junto a la colina pequeña del centro. [Con diez pasos](reverse.show=walks&reverse.walk=ddim&reverse.steps=10&reverse.t=0) aparecen las tres colinas.',
          'Este recorrido no usa el azar después de su comienzo; es [[DDIM]]. El mismo comienzo lleva al mismo final, y los vecinos siguen siendo vecinos. Y aun así, con muchos pasos, los caminantes en conjunto se dispersan como los datos con ruido, en todo momento: compara el histograma con la línea, en cualquier t. La corriente que los lleva se llama [[probability-flow ODE|EDO de flujo de probabilidad]].',
        ],
        equations: [{ says: 'Un paso de DDIM, del nivel t hasta s, más bajo: otra vez la receta hacia delante, con la estimación en lugar de la verdad.' }],
      },
      {
        heading: 'Por qué se vuelve a añadir ruido',
        text: [
          '[[DDPM]] camina de otra manera. [Sus caminos tiemblan](reverse.show=walks&reverse.walk=ddpm&reverse.steps=50&reverse.t=0): cada paso suelta parte del ruido y sortea ruido nuevo. Parece absurdo de camino a un resultado limpio. Pero el paso lleva a un *promedio*, al centro de donde puede estar el punto en el nivel siguiente. Los puntos de ese nivel no están todos en el centro; están dispersos a su alrededor. **El ruido fresco restituye esa dispersión**: casi toda si los pasos son pequeños, demasiado poca si son grandes.',
          '[Quítale la mitad](reverse.show=walks&reverse.walk=less&reverse.steps=50&reverse.fresh=0.5&reverse.t=0) y las colinas salen demasiado estrechas. [Sin ninguno](reverse.show=walks&reverse.walk=less&reverse.steps=50&reverse.fresh=0&reverse.t=0), dos mil caminantes acaban en un mismo lugar, y no es la cima de una colina: ahí la densidad es la mitad de alta. Con imágenes, el resultado es demasiado liso y demasiado parecido. DDIM no necesita ruido fresco, pero da otros pasos: DDPM sin su ruido no es DDIM.',
        ],
        equations: [{ says: 'Un paso de DDPM: conserva la parte kappa del ruido anterior y sustituye el resto por ruido fresco z, de modo que el total sea el correcto.' }],
      },
    ],
  },
} satisfies Said<typeof english>
