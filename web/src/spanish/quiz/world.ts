import type * as english from '../../english/quiz/world'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: '¿Qué paga la difusión por su entrenamiento tranquilo y por poder dirigirla?',
      options: [
        { text: 'Muchas llamadas a la red por imagen', says: 'Una GAN o un VAE necesita una llamada; un recorrido necesita una por paso, o más. Los buenos muestreadores acortan el recorrido, pero no tanto.' },
        { text: 'Solo puede dibujar imágenes del tamaño de su ruido', says: 'Otras redes también. El tamaño no es un precio particular de la difusión.' },
        { text: 'Necesita una segunda red que juzgue sus imágenes', says: 'Ese es el crítico de una GAN. La difusión no tiene adversario.' },
        { text: 'Olvida su entrenamiento cuando dibuja', says: 'Dibujar no cambia ningún peso.' },
      ],
    },
    {
      ask: '¿Por dónde camina Stable Diffusion?',
      options: [
        { text: 'Por palabras, que al final se convierten en una imagen', says: 'Las palabras dirigen el recorrido. La red las mira en cada llamada.' },
        { text: 'Por los píxeles de una imagen pequeña, que se amplía paso a paso', says: 'Esa es la manera de DALL·E 2: de 64 a 256 y a 1024 píxeles de lado.' },
        { text: 'Por latentes; un decodificador hace los píxeles una vez, al final', says: 'Un autocodificador le da un espacio más pequeño. El ruido, las estimaciones y los pasos están todos ahí dentro.' },
        { text: 'Por los pesos de la red', says: 'Los pesos quedan fijos cuando termina el entrenamiento.' },
      ],
    },
    {
      ask: '¿Por qué es un archivo LoRA mucho más pequeño que el modelo al que cambia?',
      options: [
        { text: 'Contiene solo las imágenes nuevas, y el modelo las busca ahí', says: 'Un modelo no busca imágenes. Una LoRA se aprende, con el mismo ejercicio que el modelo.' },
        { text: 'Contiene solo tablas estrechas que se suman a las grandes', says: 'Las tablas grandes de pesos se quedan como están. Junto a cada una de ellas se aprenden dos estrechas.' },
        { text: 'Es el modelo entero con menos cifras en cada número', says: 'Eso también existe y se llama cuantización. No enseña nada nuevo.' },
        { text: 'Contiene el prompt que describe el estilo nuevo', says: 'Un prompt cambia lo que pides. Una LoRA cambia lo que el modelo puede hacer.' },
      ],
    },
    {
      ask: '¿Cuándo es más probable que un modelo de difusión dibuje casi una copia de una imagen de entrenamiento?',
      options: [
        { text: 'Cuando la imagen estaba muchas veces en el conjunto de entrenamiento', says: 'Cada vez fue otra vez un ejercicio, así que la red la aprendió de memoria. Lo mismo pasa con pocas imágenes y un entrenamiento largo. Ayuda quitar los duplicados.' },
        { text: 'Cuando la semilla es aquella con la que se entrenó la imagen', says: 'El entrenamiento usa ruido nuevo cada vez. Ninguna imagen tiene una semilla propia.' },
        { text: 'Cuando se dan pocos pasos', says: 'Con pocos pasos salen promedios, que no son copias.' },
        { text: 'Nunca: solo conoce promedios', says: 'La estimación suelta es un promedio; el final de un recorrido, no. Y si encaja una sola imagen, el promedio es esa imagen.' },
      ],
    },
    {
      ask: 'Una imagen no lleva ni datos firmados ni marca oculta. ¿Qué se deduce?',
      options: [
        { text: 'La hizo una cámara: los modelos marcan todo lo que dibujan', says: 'No todos los modelos marcan sus imágenes, y las marcas se pueden quitar.' },
        { text: 'La dibujó un modelo: las cámaras firman todo lo que captan', says: 'La mayoría de las cámaras no firma nada.' },
        { text: 'Se cambió después de hacerla', says: 'Tal vez. Pero muchas imágenes nunca tuvieron una marca.' },
        { text: 'Nada: las marcas se pueden perder o quitar, o no haber estado nunca', says: 'Una marca válida dice algo. Que falte, no.' },
      ],
    },
    {
      ask: 'Sora dibuja vídeos. ¿De cuánto ruido parte un clip?',
      look: 'Lee las filas de los dos primeros capítulos. Después elige Stable Diffusion y compara.',
      options: [
        { text: 'De un fotograma con ruido; los demás se deducen de él', says: 'Entonces cada fotograma solo podría copiar los errores del anterior. Algunos sistemas antiguos lo hacían.' },
        { text: 'De un ruido para cada fotograma, recorridos uno tras otro', says: 'Los recorridos que no se ven unos a otros acaban en imágenes que no encajan: el vídeo parpadea.' },
        { text: 'De un solo bloque de ruido para todos los fotogramas juntos', says: 'Un vídeo es un bloque de números más grande. Se le quita el ruido todo a la vez, y la atención recorre también el tiempo.' },
        { text: 'De ningún ruido: basta con las palabras para empezar', says: 'Las palabras dirigen el recorrido. Empieza en el ruido, como siempre.' },
      ],
    },
    {
      ask: 'Escribes un prompt en un sistema como Stable Diffusion. Pon en orden lo que ocurre, empezando por las palabras.',
      first: 'primero',
      last: 'último',
      steps: [
        { text: 'El texto se corta en tokens', says: 'Las palabras comunes quedan enteras, las raras se vuelven trozos.' },
        { text: 'Un codificador de texto convierte los tokens en filas de números', says: 'Se entrenó antes, con mucho más texto.' },
        { text: 'La semilla hace ruido en el espacio latente', says: 'Las palabras no tienen parte en ello.' },
        { text: 'La red estima con las palabras y sin ellas, en cada paso', says: 'La guía estira la diferencia entre las dos.' },
        { text: 'El decodificador convierte el latente en píxeles', says: 'Una vez, en una llamada.' },
        { text: 'La imagen se marca, si el servicio lo hace', says: 'Con datos firmados o con una marca oculta.' },
      ],
    },
  ],
} satisfies Said<typeof english>
