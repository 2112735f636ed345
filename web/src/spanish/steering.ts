import type * as english from '../english/steering'
import type { Said } from '../languages'
import { fixed } from '../numbers'

const number = (value: number, digits = 2) => value.toLocaleString('es', { maximumFractionDigits: digits })
const rounded = (value: number) =>
  value < 1e6 ? number(value) : value.toLocaleString('es', { notation: 'compact', compactDisplay: 'long', maximumSignificantDigits: 3 })
const seconds = (milliseconds: number) => `${fixed(milliseconds / 1000, milliseconds < 995 ? 2 : 1)} s`

export default {
  labels: {
    view: 'Mirar',
    views: { guidance: 'El mando de la guía', words: 'Palabras', brush: 'Un pincel', latent: 'Un espacio más pequeño' },
    scene: 'Las mismas semillas con guía creciente',
    dial: 'Guía w',
    weight: (w) => `w = ${number(w)}`,
    marked: (w) => `▸ w = ${number(w)}`,
    ignored: '0: se ignora',
    most: '8: por encima de todo',
    wish: 'El dígito que quieres',
    other: 'El otro dígito',
    two: 'Dos dígitos, uno junto al otro',
    asked: (digit) => `se pide un ${digit}`,
    meaning: (w) => (w === 0 ? 'se ignora' : w === 1 ? 'sin más' : w < 1 ? 'en parte' : 'con empuje'),
    cost: (calls, milliseconds) => `${calls} llamadas, ${seconds(milliseconds)}`,
    counting: (w, calls, total) => `w = ${number(w)}: ${calls} de ${total} llamadas…`,
    wall: (count, digit, w) => `${count} semillas, se pide un ${digit}, guía ${number(w)}.`,
    table: 'Lo que cuesta la guía',
    columns: { calls: 'Llamadas', variety: 'Variedad' },
    variety: (share) => `${fixed(100 * share, 1)} %`,
    varietyMeans: 'La variedad, medida en estas 16 imágenes: lo lejos que está cada una de la que más se le parece, como parte del camino de negro a blanco.',
    described: (wish, dial, rows) => `Ocho semillas, unas junto a otras, con una fila para cada guía ${rows}; se pide un ${wish}. La fila de w = ${number(dial)} está marcada.`,
    describedTwo: (first, second, dial, rows) =>
      `Cuatro semillas a las que se pide un ${first}, a la izquierda; las mismas cuatro, a las que se pide un ${second}, a la derecha; una fila para cada guía ${rows}. La fila de w = ${number(dial)} está marcada.`,
    latent: 'Una imagen y su latente, a escala',
    side: 'Lado de la imagen',
    pixels: (side) => `${number(side)} píxeles`,
    factor: 'El autocodificador divide cada lado entre',
    times: (factor) => `${factor}`,
    channels: 'Números en cada lugar del latente',
    sizes: (side, depth) => `${number(side)} × ${number(side)} × ${depth}`,
    numbers: (count) => `${number(count)} números`,
    picture: 'Imagen',
    hidden: 'Latente',
    encoder: 'codificador',
    decoder: 'decodificador',
    here: 'el recorrido se queda aquí dentro',
    fewer: 'Menos, por un factor',
    rows: { numbers: 'Números', places: 'Lugares', pairs: 'Pares de lugares, para la atención' },
    count: rounded,
    ratio: (ratio) => `${number(ratio)}×`,
    toScale: 'Las hojas están a escala, una por cada número de un lugar; solo los huecos entre ellas están para que se vean.',
    latentDescribed: (side, depth, ratio) =>
      `Tres hojas grandes, los colores de una imagen, junto a ${depth} pequeñas de lado ${number(side)}, su latente: ${number(ratio)} veces menos números.`,
  },
  prompt: {
    empty: 'Sin palabras: el modelo dibuja lo que quiere, esté como esté el mando.',
    whole: 'El modelo conoce todas estas palabras. (Lee inglés.)',
    parts: (words) => `Raras en el entrenamiento, así que se componen con trozos: ${words.join(', ')}.`,
    unknown: (words) => `Nunca vistas, se pasan por alto: ${words.join(', ')}.`,
    unread: (words) => `Más allá de lo que lee: ${words.join(' ')}.`,
    examples: (seen) => (seen ? 'Con ellos se entrenó:' : 'Nunca se entrenó con:'),
  },
  wordly: {
    say: 'Dibuja un emoji de (en inglés)',
    most: '6: por encima de todo',
    counting: (w, calls) => `w = ${number(w)}: llamada ${calls}…`,
    picture: (text, w, seed) => `«${text}», dibujado con guía ${number(w)} desde la semilla ${seed}`,
    film: (w) => `El recorrido con w = ${number(w)}`,
    seen: (step) => (step ? `La imagen después de ${number(step)} ${step === 1 ? 'paso' : 'pasos'}` : 'El ruido con el que empieza'),
    guessed: (step) => `La estimación que llevó al paso ${step}`,
    filmMeans: 'Arriba, la imagen con ruido durante su recorrido; abajo, la estimación en ese momento, con las palabras y la guía incluidas.',
    credit: 'El modelo aprendió de los dibujos de OpenMoji (openmoji.org), CC BY-SA 4.0.',
  },
  brush: {
    first: 'El emoji que va a cambiar',
    into: 'Lo que pintes será parte de',
    paint: 'Pinta encima de lo que debe cambiar',
    result: 'Dibujado de nuevo',
    pad: 'El emoji, para pintar encima',
    keys: 'También con teclas: las flechas mueven el pincel, la barra espaciadora pinta, Mayús con una flecha pinta una línea.',
    under: (column, row, painted) => `Columna ${column}, fila ${row}, ${painted ? 'pintado' : 'sin pintar'}`,
    described: (from, into, area) => `«${from}», con ${number(area)} píxeles dibujados de nuevo como «${into}»`,
    base: (calls) => `El emoji: llamada ${calls}…`,
    filling: (calls) => `Lo pintado: llamada ${calls}…`,
    kept: (outside, equal) =>
      outside === equal
        ? `${number(outside)} píxeles conservados, todos iguales en cada bit.`
        : `${number(equal)} de los ${number(outside)} píxeles conservados son iguales en cada bit.`,
    size: 'Su tamaño',
    sizes: [['3', 'fino'], ['5', 'medio'], ['9', 'ancho']],
    tool: 'El pincel',
    tools: [['0', 'pinta'], ['1', 'borra']],
    undo: 'Deshacer',
    clear: 'Borrar todo',
  },
  space: {
    show: 'Mostrar',
    parts: { squeeze: 'Comprimir una imagen', scale: 'A escala' },
    choose: 'Dibujo',
    file: 'Una imagen tuya…',
    unread: (name) => `${name} no es una imagen que este navegador lea`,
    given: 'Una imagen, para pintar encima',
    keys: 'Con teclas: las flechas mueven el pincel y la barra espaciadora pinta.',
    colour: 'Pintar en',
    colours: [['#1e293b', 'oscuro'], ['#ffffff', 'blanco'], ['#fb7185', 'rojo'], ['#22c55e', 'verde']],
    clear: 'Como estaba',
    latent: (depth, side) => `Su latente: ${number(depth)} hojas de ${number(side)} × ${number(side)}`,
    sheets: (depth, side, noise) => `${number(depth)} hojas grises de ${number(side)} × ${number(side)} lugares${noise ? `, con ruido de ${number(noise)}` : ''}`,
    back: 'Desplegada otra vez',
    backDescribed: (noise) => `Lo que el decodificador hace del latente${noise ? ` con ruido de ${number(noise)}` : ''}`,
    noise: 'Ruido en el latente',
    spread: (share) => `${number(share)} de su dispersión`,
    facts: (before, after) => `${number(before)} números pasaron a ser ${number(after)}, ${number(before / after)} veces menos.`,
    psnr: (decibels) => `${number(decibels, 1)} dB respecto a la imagen (PSNR: 6 dB más es la mitad del error).`,
    took: (encoder, decoder) => `Aquí el codificador tardó ${number(encoder, 0)} ms y el decodificador, ${number(decoder, 0)} ms.`,
    credit: 'Los dibujos son del estilo Sprouts de DiceBear (dicebear.com), CC0 1.0. El autocodificador aprendió de otros 10.000.',
  },
  text: {
    title: 'Dirigir',
    lead: 'Hasta ahora el ruido decidía lo que salía. Ahora dices tú lo que quieres, y con qué fuerza lo quieres.',
    sections: [
      {
        heading: 'Di lo que quieres',
        text: [
          'Además de la imagen con ruido y su nivel de ruido, la red recibe una cosa más: una [[condition|condición]]. Aquí es la [[class|clase]] del dígito. La pregunta pasa a ser *¿qué era esto antes del ruido, si se sabe que es un tres?* Las estimaciones se inclinan hacia los treses, y con ellas todo el recorrido. [Enciende «Dos dígitos, uno junto al otro»](steering.view=guidance&steering.two=1). El ruido es el mismo y solo cambia la clase; a menudo la inclinación y el grosor de los trazos siguen siendo los mismos.',
        ],
      },
      {
        heading: 'Dilo con palabras',
        text: [
          'Diez clases pueden decir diez cosas. Un [[prompt]] dice más, porque las palabras se combinan. [Mira «Palabras»](steering.view=words&steering.say=penguin): un segundo modelo, de cuatro millones de pesos, dibuja emojis de 32 × 32 píxeles a partir de lo que escribes. El texto se corta en [[token|tokens]]: palabras enteras si son comunes, trozos si son raras. Una pequeña red de texto convierte los tokens en filas de números. En cada llamada, cada lugar de la imagen mira con [[attention|atención]] las palabras que le importan. Nada más cambia: ni el ruido, ni el recorrido, ni el mando.',
          'Mira la fila de abajo de la película, con el mando en w = 1: estimaciones sin más, sin empujar nada. La primera estimación de [un pingüino](steering.view=words&steering.say=penguin&steering.words-w=1) es borrosa: el modelo no está seguro, así que estima un promedio, y las semillas dan pingüinos distintos. La primera estimación de [un corazón rojo](steering.view=words&steering.say=red+heart&steering.words-w=1) es ya el corazón final, con todas las semillas. Las palabras no dejan nada abierto, porque el modelo aprendió este dibujo concreto de memoria. Con pocos ejemplos pasa con facilidad.',
          'Con algunos prompts **nunca se entrenó**. El modelo ha visto cosas azules y círculos, pero [ningún círculo azul](steering.view=words&steering.say=blue+circle&steering.words-w=3). Cuando dibuja uno, no lo ha buscado en ningún sitio; ha juntado dos palabras. No siempre funciona: su [corazón morado](steering.view=words&steering.say=purple+heart&steering.words-w=3) sale casi gris. El modelo aprendió de 3860 dibujos. Los modelos grandes aprenden de cientos de millones de imágenes con descripción.',
          '¿Y sin palabras? Eso también es una condición. En el entrenamiento se omitió una de cada diez descripciones, así que un prompt vacío significa «cualquier cosa». La [[guidance|guía]] empuja para alejarse de esa estimación.',
        ],
      },
      {
        heading: 'El mando de la guía',
        text: [
          'Un modelo suele seguir su condición solo un poco. Por eso, en el entrenamiento, la clase se sustituyó a veces por la [[null class|clase nula]], «ninguna». Ahora una misma red da dos estimaciones: con la condición y sin ella. Su diferencia apunta a *lo que la condición cambia*, y la [[classifier-free guidance|guía sin clasificador]] va más lejos en esa dirección. Cuesta una segunda llamada en cada paso. El nombre dice que ningún clasificador aparte se encarga de dirigir. **No** dice que no haya condición.',
          'Esta página y el paquete cuentan así: **w = 0 ignora la condición, w = 1 es la estimación con ella sin más, un valor mayor empuja más allá.** (Algunos artículos y herramientas llaman 0 a nuestro 1. Míralo antes de copiar un número.)',
          '[Gira el mando](steering.view=guidance&steering.w=5) y mira lo que se pierde. Los dígitos se parecen cada vez más unos a otros; las formas raras de escribir un tres desaparecen primero. La tabla lo mide. Si empujas fuerte, los trazos se vuelven más duros que los de cualquier dígito real, porque nada mantiene una estimación estirada cerca de las imágenes reales. Para imágenes a partir de texto se suele usar una guía de entre 3 y 8, más o menos.',
          'Con palabras lo puedes observar en una sola imagen. [«Palabras»](steering.view=words&steering.words-w=3) dibuja tres imágenes a partir del mismo ruido: sin hacer caso de las palabras, sin más y con empuje. Las tres empiezan iguales, y luego se separan.',
        ],
        equations: [{ says: 'La estimación sin la condición, más w veces lo que la condición cambia.' }],
      },
      {
        heading: 'Un espacio más pequeño por el que caminar',
        text: [
          'Una imagen en color de 512 × 512 píxeles son 786.432 números. La mayoría dice poco que no hayan dicho sus vecinos. La **difusión latente** entrena primero un [[autoencoder|autocodificador]]. Una mitad comprime una imagen en 64 × 64 lugares de 4 números cada uno, 48 veces menos. La otra mitad los despliega otra vez. Después, todo lo de esta lección ocurre en ese espacio [[latent|latente]]: ruido, estimaciones, pasos. El decodificador se ejecuta una vez, al final. [Mira «Un espacio más pequeño» a escala](steering.view=latent&steering.space=scale).',
          'El ahorro es mayor que 48. Con [[attention|atención]], cada lugar mira a todos los demás, así que el coste crece con el *cuadrado* del número de lugares: 64 veces menos lugares son 4096 veces menos pares. Hay un precio. Lo que el autocodificador no puede desplegar, ningún recorrido lo puede devolver. Se nota en las caras pequeñas y en la letra pequeña.',
          'Pruébalo. [Comprime una imagen](steering.view=latent&steering.space=squeeze): este autocodificador, de medio millón de pesos, convierte 128 × 128 píxeles en 16 × 16 lugares de 8 números, 24 veces menos. En las hojas se ve dónde está cada cosa, pero nadie decidió qué significa cada número. Pinta sobre la imagen, y solo cambian los lugares cercanos al trazo. Después abre una foto tuya. Este autocodificador solo ha visto dibujos, y se nota.',
          'Ahora [pon ruido en el latente](steering.view=latent&steering.space=squeeze&steering.latent-noise=0.2). Un poco apenas importa: en el entrenamiento se añadió ruido de hasta un quinto de la dispersión, para que latentes cercanos sean imágenes cercanas. Con [tanto ruido como latente](steering.view=latent&steering.space=squeeze&steering.latent-noise=1), el decodificador hace manchas. Un recorrido tiene que acabar mucho más cerca de lo que diría un codificador.',
        ],
        equations: [{ says: 'El factor 8 cuenta dos veces, por el alto y por el ancho; 3 colores pasan a ser 4 números.', tex: String.raw`\frac{512^2\cdot 3}{(512/8)^2\cdot 4} = \frac{786.432}{16.384} = 48` }],
      },
      {
        heading: 'Dibujar otra vez una parte pintada',
        text: [
          'El [[inpainting]] no necesita ni un modelo nuevo ni entrenamiento. [Mira «Un pincel»](steering.view=brush): a un pingüino se le pone la cabeza de Papá Noel. El recorrido empieza en ruido puro, en todas partes. Pero donde la imagen se conoce, la imagen conocida sustituye a la estimación, en cada paso. Ahí el recorrido lleva directamente a lo que se conocía. La parte pintada tiene que estimar. En cada nivel de ruido ve a su lado la parte conocida, así que estima lo que encaja: un contorno continúa, un color se retoma.',
          'Lo que no has pintado vuelve **igual en cada bit**; debajo de la imagen se cuenta. Las palabras se aplican solo a la parte pintada. Pero describe la imagen *entera* que quieres, porque el modelo la estima como un todo.',
        ],
        equations: [{ says: 'Píxel a píxel: la estimación del modelo donde la máscara m es 1, lo conocido donde es 0.', tex: String.raw`\hat x_0 = m \odot D(x, c) + (1 - m) \odot x_{\text{conocida}}` }],
      },
      {
        heading: 'Cambiar una imagen, hacer un vídeo',
        text: [
          'Para cambiar una imagen, mezcla ruido solo una parte del camino y vuelve desde ahí con una condición nueva. Cuanto más ruido, más libre es el cambio.',
          'El vídeo tiene un eje más. A los fotogramas se les quita el ruido juntos, y la atención recorre el tiempo además de la imagen. El sonido, las moléculas y los movimientos de un robot se hacen de la misma manera. Cambia la red, y lo que significan sus números. El recorrido es el que has visto.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
