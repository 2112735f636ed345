import type * as english from '../../english/quiz/network'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: '¿Qué ve la red en una llamada?',
      options: [
        { text: 'La imagen con ruido y cuánto ruido tiene', says: 'Y la clase, o las palabras, si las hay. Nada más: ningún recuerdo de pasos anteriores, ningún ejemplo que mirar.' },
        { text: 'La imagen con ruido y todos los pasos que llevaron hasta ella', says: 'Cada llamada es independiente. Algunos *muestreadores* recuerdan respuestas anteriores; la red no recuerda nada.' },
        { text: 'La imagen limpia y el nivel de ruido', says: 'Entonces no habría nada que estimar. La imagen limpia solo aparece en el entrenamiento, como la verdad con la que se compara la respuesta.' },
        { text: 'Ruido puro y la semilla de la imagen', says: 'La semilla hace el ruido, antes de la primera llamada. Lo que ve la red es una imagen, al principio una muy ruidosa.' },
      ],
    },
    {
      ask: 'Un modelo se entrena con mil niveles de ruido. ¿Cuántas redes son?',
      options: [
        { text: 'Una, a la que se le dice el nivel en cada llamada', says: 'El nivel se convierte en una fila de ondas de distintas longitudes, y esos números escalan y desplazan lo que calcula cada bloque. Así, un mismo juego de pesos actúa de manera distinta en cada nivel.' },
        { text: 'Una, que tiene que averiguar el nivel por sí misma', says: 'A menudo podría: el ruido es fácil de medir. Pero decírselo es barato y siempre es correcto; prueba qué pasa cuando el panel se lo oculta a la red.' },
        { text: 'Dos, una para las formas gruesas y otra para el detalle fino', says: 'Algunos sistemas grandes usan de hecho una segunda red para parte de los niveles. No hace falta, y mil niveles no lo exigen.' },
        { text: 'Mil, que comparten sus primeras capas', says: 'Los niveles vecinos son tan parecidos que mil redes aprenderían casi lo mismo mil veces.' },
      ],
    },
    {
      ask: 'La conexión de atajo a tamaño completo lleva la imagen fina al otro lado sin pasar por el centro grueso. Quítala: ¿dónde sufre más la respuesta?',
      look: 'El atajo fino está apagado y hay poco ruido: compara los dos errores. Después pasa a mucho ruido y compara otra vez.',
      options: [
        { text: 'Con mucho ruido, donde la red necesita toda la ayuda posible', says: 'Con mucho ruido no hay detalle fino que llevar: es ruido. El camino grueso por el centro es casi lo único que cuenta, y la respuesta apenas cambia.' },
        { text: 'Con poco ruido, donde el detalle fino aún se ve', says: 'Con poco ruido, la tarea es conservar casi todos los píxeles como están. Solo por el centro grueso no se pueden devolver los píxeles a su lugar: en dígitos reservados, el error se hace cinco veces mayor.' },
        { text: 'Igual en todos los niveles, ya que el atajo se usa en cada llamada', says: 'Se usa en cada llamada, pero lo que lleva solo vale algo donde hay detalle que ver.' },
        { text: 'En ninguno: un atajo solo acelera el entrenamiento, la red entrenada puede prescindir de él', says: 'Algunos atajos ayudan sobre todo en el entrenamiento. Este lleva información que no tiene otro camino hasta el final.' },
      ],
    },
    {
      ask: 'A la red ya no se le dice el nivel de ruido. ¿Dónde es peor su respuesta?',
      look: 'El nivel de ruido está apagado y hay mucho ruido: compara las dos respuestas. Después pasa a poco ruido.',
      options: [
        { text: 'Con mucho ruido, donde toma el grano por trazos', says: 'Lee cada imagen como si fuera bastante limpia, y por eso se fía demasiado de una muy ruidosa. En dígitos reservados, el error crece 0,20 en t = 0,8 y 0,03 en t = 0,2.' },
        { text: 'Con poco ruido: borra lo que se ve con claridad', says: 'Ahí empeora, sí, pero menos: con poco ruido, casi toda la respuesta es la imagen misma, y esa parte no necesita ninguna red.' },
        { text: 'En ninguna parte: el ruido de una imagen se ve, así que no hace falta decirlo', says: 'En principio se podría medir. Pero a esta red siempre se le dijo, así que nunca aprendió a medirlo.' },
        { text: 'En todas partes falla del todo: sin nivel no sale ninguna respuesta', says: 'Siempre sale una respuesta. Las otras partes siguen funcionando; solo que sus escalas y desplazamientos corresponden a otro nivel.' },
      ],
    },
    {
      ask: '¿Qué aporta la atención que les falta a las convoluciones?',
      options: [
        { text: 'Cada lugar puede mirar a cualquier otro de la imagen, por lejos que esté', says: 'Una convolución de 3 × 3 solo ve a sus vecinos. Con la atención, el final de un trazo puede tener en cuenta su comienzo, en un solo paso. Su coste crece con el cuadrado del número de lugares; por eso se usa donde la imagen es gruesa.' },
        { text: 'Hace que la red mire solo las partes importantes, para ahorrar tiempo', says: 'Todos los lugares se calculan en cualquier caso, y la atención hace más lenta la red. Los pesos solo dicen cuánto se mezcla de cada uno de los otros lugares.' },
        { text: 'Permite que la red recuerde lo que vio en pasos anteriores del recorrido', says: 'Mira de un lado a otro de la imagen, no atrás en el tiempo. La red no recuerda nada entre llamadas.' },
        { text: 'Le dice a la red qué clase de imagen se quiere', says: 'En esta red, la clase entra con el nivel de ruido, en forma de escalas y desplazamientos. En los modelos que leen palabras, las palabras sí entran por atención, pero la atención dentro de la imagen es otra cosa.' },
      ],
    },
    {
      ask: 'Una red se entrena para dar el ruido; otra, para dar la imagen limpia. ¿Cuál es la diferencia?',
      options: [
        { text: 'La primera solo puede quitar ruido; la segunda también puede hacer imágenes', says: 'Las dos hacen imágenes de la misma manera. Cada respuesta se puede convertir en la otra.' },
        { text: 'La primera necesita un muestreador propio, ya que responde a otra pregunta', says: 'Una línea de aritmética convierte una respuesta en la otra, y el muestreador ni lo nota.' },
        { text: 'Ninguna en lo que saben, pero en los extremos del camino se equivocan de manera distinta', says: 'Dados x y su nivel, el ruido y la imagen se implican uno a otro. Pero con muchísimo ruido, un error pequeño en el ruido es uno enorme en la imagen, y cerca de los datos limpios, al revés. Objetivos como v están en medio y se comportan bien en los dos extremos.' },
        { text: 'La segunda es más nítida, ya que nunca ve ruido en el entrenamiento', says: 'Las dos ven las mismas imágenes con ruido. Solo se diferencian en los números que se les pide escribir.' },
      ],
    },
    {
      ask: 'Sigue una imagen a través de la UNet.',
      first: 'primero',
      last: 'último',
      steps: [
        { text: 'Una primera convolución la reparte en muchos canales', says: 'Cada canal busca algo propio.' },
        { text: 'Bloques a tamaño completo; se aparta una copia', says: 'La copia es el atajo: contiene el detalle fino.' },
        { text: 'Se reduce a la mitad, y los bloques trabajan con la vista gruesa', says: 'La misma ventana de 3 × 3 cubre ahora el doble de la imagen.' },
        { text: 'El centro, donde la vista es más gruesa', says: 'Cada lugar equivale ahora a una parte grande de la imagen, y la atención los compara todos.' },
        { text: 'Se amplía al doble y se le une la copia apartada', says: 'Qué es, desde abajo; y dónde exactamente, desde la copia.' },
        { text: 'Una última convolución escribe la respuesta', says: 'Tiene el tamaño de la imagen que entró.' },
      ],
    },
  ],
} satisfies Said<typeof english>
