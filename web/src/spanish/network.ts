import type * as english from '../english/network'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const several = (names: string[]) => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} y ${names.at(-1)}`)
const percent = (share: number) => `${Math.round(100 * share)} %`

const blocks: Record<string, { name: string; says: string }> = {
  x: { name: 'Imagen', says: 'La imagen con ruido, un número por píxel. Está escalada de modo que sus números se dispersen lo mismo en todos los niveles de ruido.' },
  enter: { name: 'Entrada', says: 'Una primera convolución mira cada píxel y sus ocho vecinos de 64 maneras: trazos, bordes, esquinas. Aquí todavía no se conoce el nivel de ruido.' },
  'down 0.0': { name: 'Bajada, fina', says: 'A tamaño completo: ¿qué es trazo y qué es grano? Una copia de estos mapas cruza el puente de arriba.' },
  'down 1.0': { name: 'Bajada, gruesa', says: 'Los mapas se han reducido a la mitad: cuatro píxeles se han vuelto uno. Una ventana de 3 × 3 cubre ahora más de la mitad del dígito, y la atención lo cubre entero.' },
  middle: { name: 'Centro', says: 'Donde la vista es más gruesa. A cada uno de los 128 mapas le quedan solo 16 lugares.' },
  'up 1.0': { name: 'Subida, gruesa', says: 'La respuesta del centro y la copia que cruzó el puente de abajo, sopesadas una contra otra: el bloque con más pesos.' },
  'up 0.0': { name: 'Subida, fina', says: 'Ampliada otra vez al doble y unida a la copia fina del puente de arriba: la decisión gruesa vuelve a los píxeles exactos.' },
  answer: { name: 'Respuesta', says: 'Una última convolución hace de los 64 mapas uno. Sumándole la parte correcta de la imagen con ruido, es la estimación: del dígito limpio o del ruido.' },
}
const parts: Record<string, { name: string; says: string }> = {
  time: { name: 'Nivel de ruido', says: 'el nivel de ruido' },
  class: { name: 'Clase', says: 'la clase' },
  middle: { name: 'Bloque central', says: 'el bloque central' },
  'skip 1.0': { name: 'Atajo grueso, 4 × 4', says: 'el atajo grueso' },
  'skip 0.0': { name: 'Atajo fino, 8 × 8', says: 'el atajo fino' },
  'attention down 1.0': { name: 'Atención en la bajada', says: 'la atención en la bajada' },
  'attention middle': { name: 'Atención en el centro', says: 'la atención en el centro' },
  'attention up 1.0': { name: 'Atención en la subida', says: 'la atención en la subida' },
}
const block = (name: string) => blocks[name]?.name ?? name
const part = (name: string) => parts[name] ?? { name, says: name }

export default {
  labels: {
    scene: 'Una UNet como edificio',
    block,
    answers: { clean: 'Respuesta: la imagen', noise: 'Respuesta: el ruido' },
    blockSays: (name) => blocks[name]?.says ?? '',
    part: (name) => part(name).name,
    bridges: { 'skip 0.0': 'atajo fino', 'skip 1.0': 'atajo grueso' },
    toldClass: (digit) => (digit === undefined ? 'sin clase' : `clase ${digit}`),
    legend: { way: 'el camino de la imagen', skip: 'atajos', told: 'nivel de ruido y clase', attention: 'atención' },
    digit: 'Dígito',
    another: 'Otro',
    noise: 'Ruido, tiempo t',
    clean: 'casi limpio',
    pure: 'ruido puro',
    fresh: 'Ruido nuevo',
    tell: 'Se le dice a la red',
    tells: (digit) => [['true', `la verdad (${digit})`], ['none', 'ninguna clase'], ...Array.from('0123456789', (one) => [one, `que es un ${one}`])] as [string, string][],
    read: 'Leer la respuesta como',
    reads: { clean: 'la imagen limpia', noise: 'el ruido' },
    view: 'Mirar',
    views: { parts: 'Partes que se pueden quitar', block: 'Dentro de un bloque', attention: 'Adónde mira' },
    goesIn: 'entra',
    whole: 'respuesta, todo encendido',
    cut: 'respuesta, tus cambios',
    difference: 'diferencia entre las dos',
    truth: { clean: 'la verdad', noise: 'el ruido añadido' },
    error: (error) => `error ${fixed(error, 3)}`,
    errorMeans: 'Error: la media del cuadrado de la diferencia con la verdad, en los 64 píxeles.',
    everythingOn: 'No se ha quitado nada. Apaga algo y mira otra vez.',
    without: (names, cut, whole) => {
      const taken = `Sin ${several(names.map((name) => part(name).says))}, el error es ${fixed(cut, 3)} en lugar de ${fixed(whole, 3)}: `
      const times = cut / whole
      return taken + (times > 1.05 ? `${fixed(times, 1)} veces mayor.` : times < 0.95 ? 'menor, por esta vez; prueba con otro ruido.' : 'casi no cambia.')
    },
    parts: 'Encendido',
    restore: 'Volver a ponerlo todo',
    play: 'Recorrerla',
    next: 'Bloque siguiente',
    chosen: 'Bloque',
    about: (channels, side, weights) =>
      `${channels === 1 ? 'Un mapa' : `${channels} mapas`} de ${side} × ${side}${weights === undefined ? '' : `, hecho${channels === 1 ? '' : 's'} con ${number(weights)} pesos`}.`,
    key: (most) => `El azul está por debajo de cero; el naranja, por encima; color pleno a partir de ${most < 10 ? fixed(most, 1) : Math.round(most)}.`,
    maps: (name, channels) => `${channels} mapas de características del bloque ${block(name)}`,
    attends: 'Atención',
    attendsIn: { 'down 1.0': 'en la bajada', middle: 'en el centro', 'up 1.0': 'en la subida' },
    head: 'Cabeza',
    heads: (count) => [...Array.from({ length: count }, (_, i) => [String(i + 1), String(i + 1)] as [string, string]), ['all', 'su media'] as [string, string]],
    place: (row, column) => `fila ${row}, columna ${column}`,
    places: 'Elige uno de los 4 × 4 lugares',
    percent,
    looks: (row, column, shares) =>
      `Desde la fila ${row}, columna ${column}, mira sobre todo a ${several(shares.map((one) => `fila ${one.row}, columna ${one.column} (${percent(one.share)})`))}. Repartido por igual, a cada lugar le tocaría el 6 %.`,
    described: (digit, t, off, chosen) =>
      `Ocho estaciones de una red, de izquierda a derecha: el piso de arriba con mapas de 8 por 8, el piso de abajo con mapas de 4 por 4, y dos puentes entre los dos lados. Por ella pasa un ${digit} en el tiempo ${t}. ${off.length ? `Se ha quitado: ${several(off.map((name) => part(name).says))}.` : 'Todas las partes están encendidas.'}${chosen ? ` Elegido: ${block(chosen)}.` : ''}`,
  },
  text: {
    title: 'La red',
    short: 'Red',
    lead: '¿Qué era esta imagen antes del ruido? Una misma máquina responde a esta pregunta, en cada paso de cada recorrido. Aquí puedes mirar dentro.',
    sections: [
      {
        heading: 'Hacia abajo, y otra vez hacia arriba',
        text: [
          'Estás viendo trabajar la [[network|red]] real de esta lección, con todos sus números. Un dígito con ruido entra por la izquierda. Cada bloque convierte una pila de [[feature map|mapas de características]] en otra mediante [[convolution|convolución]]: ventanas pequeñas de 3 × 3, cuyos pesos se han aprendido. [Elige un bloque](network.view=block&network.block=down+0.0) y mira sus mapas, uno por cada [[channel|canal]]. Unos han encontrado trazos; otros, bordes; otros, el fondo vacío.',
          'Una ventana de 3 × 3 no ve lejos. No puede distinguir una mancha de una parte de un trazo. Por eso la imagen se reduce a la mitad al bajar, y la misma ventana cubre el doble de ella. En el [piso de abajo](network.view=block&network.block=middle) la red ve el dígito entero y puede decidir *qué es*. Después la imagen se amplía otra vez al doble, para decir *dónde exactamente* está cada trazo. El camino baja y sube como la letra U; por eso el plano se llama [[UNet]].',
          'Pero al reducir a la mitad se olvida cuál de los cuatro píxeles era el oscuro. Los puentes lo llevan al otro lado: una [[skip connection|conexión de atajo]] toma los mapas finos de antes de la reducción y los une otra vez después de la ampliación. [Apaga el atajo fino con poco ruido](network.view=parts&network.tell=true&network.off=skip+0.0&network.t=0.2): el dígito sigue ahí, pero sus trazos ya no están exactamente donde estaban. En dígitos con los que nunca se entrenó, el error en t = 0,2 se hace cinco veces mayor: 0,145 en lugar de 0,029. [En t = 0,9](network.view=parts&network.off=skip+0.0&network.t=0.9) el atajo apenas importa, porque ahí el detalle fino *es* ruido. (Los dígitos que puedes elegir aquí estaban entre sus ejemplos, así que sus errores en ellos son un poco menores.)',
        ],
      },
      {
        heading: 'Se le dice cuánto ruido hay',
        text: [
          'Una sola red sirve para todos los niveles de ruido, y se le dice ante cuál está. El nivel se escribe como una fila de ondas de distintas longitudes, el [[time embedding|embedding del tiempo]]. Una red pequeña lo convierte en 256 números, se suma la [[class|clase]] del dígito, y la línea verde los lleva a todos los bloques. Allí cada canal se multiplica por un número y se desplaza por otro.',
          '[Quita el nivel de ruido](network.view=parts&network.tell=true&network.off=time&network.t=0.8) y la red se fía demasiado de una imagen ruidosa: en t = 0,8 el error pasa a más del doble, de 0,16 a 0,37. Después [dile una clase equivocada](network.view=parts&network.off=&network.tell=5&network.t=0.1). Con poco ruido cree a la imagen: en t = 0,1 la respuesta todavía se lee como el dígito verdadero, 99 veces de cada 100. [En t = 0,8](network.view=parts&network.off=&network.tell=5&network.t=0.8) dibuja la clase que se le dijo, todas las veces.',
        ],
        equations: [{ says: 'En cada bloque, cada mapa h se escala y se desplaza por números que dependen solo del tiempo t y de la clase c.' }],
      },
      {
        heading: 'Mirar de un lado a otro',
        text: [
          'En el piso de abajo hay [[attention|atención]]. Cada lugar pregunta a los dieciséis lugares cuáles de ellos le importan, y toma lo que contienen. Las partes suman el 100 %. Dos [[head|cabezas]] lo hacen una junto a la otra, cada una a su manera. [Elige un lugar](network.view=attention&network.tell=true&network.place=9) y mira adónde mira él. El coste crece con el cuadrado del número de lugares; por eso la atención está en el piso grueso.',
          '¿Cuánto importa cada parte? Pruébalo, y fíate más de los números que del dibujo. En esta red pequeña, el nivel de ruido, la clase y el atajo fino importan mucho. El bloque central, el atajo grueso y la atención importan poco: después de una sola reducción, un dígito de 8 × 8 ya se ve entero. En redes para imágenes grandes, las esquinas opuestas están a cientos de píxeles. Allí sí hace falta la atención.',
        ],
        equations: [{ says: 'Cuánto toma el lugar i del lugar j: cuanto mejor encaja su consulta q con la clave k del otro, más.', tex: String.raw`\mathrm{parte}_{ij} = \frac{e^{\,q_i \cdot k_j/\sqrt d}}{\sum_{m} e^{\,q_i \cdot k_m/\sqrt d}}` }],
      },
      {
        heading: 'Una pregunta, varias formulaciones',
        text: [
          '¿Debe decir la red cuál es la imagen limpia, o cuál es el ruido? Es la misma pregunta. La imagen con ruido se conoce: es alfa por la una más sigma por el otro. Si conoces uno de los dos, puedes calcular el otro. [Lee la respuesta como el ruido](network.read=noise) y verás una misma respuesta de las dos maneras.',
          'Lo que cambia es qué errores cuentan. Con poco ruido, un error pequeño en la imagen es un error grande en el ruido. Con mucho ruido es al revés. Por eso a muchas redes se les pide una mezcla que funcione en los dos extremos: la [[velocity (v)|velocidad (v)]] o, como aquí, la imagen menos la parte que la imagen con ruido ya muestra. Esta elección se llama [[parameterization|parametrización]].',
          'Esta red tiene 1.785.345 pesos, más de tres cuartas partes de ellos en el piso de abajo. Los modelos conocidos para imágenes grandes tienen varios cientos de veces más.',
        ],
        equations: [{ says: 'La estimación del ruido a partir de la estimación de la imagen, y al revés.' }],
      },
    ],
  },
} satisfies Said<typeof english>
