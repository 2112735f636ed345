import type * as english from '../english/world'
import type { Said } from '../languages'

export default {
  reasons: [
    { name: 'Estable', says: 'El entrenamiento es un único ejercicio fijo. No hay una segunda red contra la que jugar, así que no hay que equilibrar nada.' },
    { name: 'Fiel', says: 'Las imágenes quedan cerca de los datos. El recorrido hace muchas correcciones pequeñas, y cada una es una estimación sencilla.' },
    { name: 'Diversa', says: 'Cada semilla lleva a su propia imagen. El entrenamiento pregunta por todos los ejemplos, así que no se puede dejar fuera ninguno.' },
    { name: 'Dirigible', says: 'En cada paso puedes cambiar la estimación: con una clase, con palabras, con una máscara, con un segundo modelo.' },
    { name: 'El precio', says: 'Una imagen cuesta muchas llamadas. Los buenos muestreadores necesitan menos, pero nunca tan pocas como una GAN o un VAE.' },
  ],
  systems: {
    dalle: {
      about: 'OpenAI, 2022. Descrito en un artículo.',
      rows: {
        idea: 'Del ruido a la imagen, dos veces: primero un resumen de la imagen, después la imagen.',
        forward: 'El ruido se mezcla con imágenes pequeñas de 64 × 64 píxeles, y con el resumen.',
        reverse: 'Tres recorridos, uno tras otro: hasta 64, después hasta 256 y después hasta 1024 píxeles de lado.',
        network: 'UNets para las imágenes, un transformer para el resumen.',
        training: 'Cientos de millones de imágenes con descripción, sacadas de la web.',
        sampling: 'DDPM y DDIM, con menos pasos en los tamaños mayores.',
        steering: 'Las palabras se convierten en el resumen CLIP de una imagen, y la guía empuja hacia él.',
      },
    },
    stable: {
      about: 'CompVis, Stability AI y Runway, 2022. Los pesos y el código son públicos.',
      rows: {
        idea: 'El mismo recorrido, en un espacio más pequeño.',
        forward: 'El ruido se mezcla con latentes, no con píxeles. La versión 3 usa el programa recto.',
        reverse: 'El recorrido se queda en el espacio latente. El decodificador se ejecuta una vez, al final.',
        network: 'Una UNet con atención a las palabras, 860 millones de pesos. La versión 3: un transformer.',
        training: 'Miles de millones de imágenes con descripción, sacadas de la web (LAION).',
        sampling: 'Cualquier muestreador del capítulo 6. Lo habitual: de 20 a 50 pasos.',
        steering: 'Un codificador de texto (CLIP) y una guía de alrededor de 7. Las máscaras, LoRA y ControlNet vinieron de la comunidad.',
      },
    },
    midjourney: {
      about: 'Midjourney, desde 2022. Cómo funciona por dentro no es público.',
      rows: {
        idea: 'Lo que se ve: las imágenes empiezan como ruido o borrosas y se vuelven nítidas.',
        forward: 'No es público.',
        reverse: 'El servicio muestra imágenes tempranas del recorrido mientras esperas.',
        network: 'No es público.',
        training: 'No es público.',
        sampling: 'Puedes fijar la semilla: la misma semilla y el mismo prompt dan casi las mismas imágenes.',
        steering: 'Un prompt, una imagen de la que partir, una fuerza del estilo y un pincel para dibujar otra vez una zona.',
      },
    },
    sora: {
      about: 'OpenAI, 2024. Un informe describe su plan, no sus detalles.',
      rows: {
        idea: 'El mismo recorrido para vídeo: todos los fotogramas de un clip salen de un solo bloque de ruido.',
        forward: 'El ruido se mezcla con el latente de un vídeo entero.',
        reverse: 'Entran parches con ruido, sale una estimación de los parches limpios.',
        network: 'Un transformer sobre parches que se extienden en el espacio y en el tiempo.',
        training: 'Vídeos e imágenes de muchos tamaños, con descripciones escritas por otro modelo.',
        sampling: 'No es público.',
        steering: 'Palabras, una primera imagen o un vídeo que continuar.',
      },
    },
  },
  labels: {
    view: 'Mirar',
    views: { why: 'Por qué funciona tan bien', systems: 'Cuatro sistemas' },
    system: 'Sistema',
    known: (name) => `${name} en los capítulos de esta lección`,
  },
  text: {
    title: 'En el mundo',
    lead: 'DALL·E, Stable Diffusion, Midjourney, Sora: ya conoces sus partes principales. Aquí está lo que añaden, por qué la difusión funciona tan bien y qué no le está permitido.',
    sections: [
      {
        heading: 'Por qué funciona tan bien',
        text: [
          'Antes de la difusión, las mejores imágenes venían de las [[GAN]]. Cuatro puntos cambiaron eso: el entrenamiento es estable, las imágenes son fieles, son diversas y se pueden dirigir. Tienen un precio, que se paga en el momento de dibujar. [El panel](world.view=why) contrasta los cinco con mediciones.',
          'Las mediciones son pequeñas, como los modelos de esta lección. Donde no respaldan una afirmación, el panel lo dice. Los modelos grandes confirman lo de fieles y dirigibles, y también muestran el precio: sus llamadas se ejecutan en máquinas que cuestan tanto como una casa.',
        ],
      },
      {
        heading: 'Cuatro sistemas, siete capítulos',
        text: [
          '[Elige un sistema](world.view=systems&world.system=stable) y mira dónde reaparece cada capítulo. Los cuatro empiezan en el ruido, caminan hasta una imagen y se dirigen con palabras. Se diferencian en aquello por lo que caminan (píxeles o [[latent|latentes]]), en la [[network|red]] ([[UNet]] o [[transformer]]) y en cómo entran las palabras.',
          'Sobre Midjourney hay poco que leer; por eso la tabla dice «no es público» donde no se sabe nada. Sora muestra que el plan no termina en las imágenes. Un vídeo es un bloque de números más grande, y el recorrido sigue siendo el mismo.',
        ],
      },
      {
        heading: 'Partes que añaden los sistemas grandes',
        text: [
          '**Codificadores de texto.** La pequeña red de texto del [capítulo 7](steering.view=words) aprendió de descripciones de emojis. Los sistemas grandes toman un [[text encoder|codificador de texto]] que se entrenó antes, con mucho más texto. CLIP aprendió qué descripciones corresponden a qué imágenes; T5 aprendió a rellenar huecos en textos. Los dos dan filas de números, y la atención las lee, como has visto.',
          '**Latentes.** Las imágenes grandes se comprimen primero, y el recorrido se queda en el espacio pequeño. [El espacio más pequeño](steering.view=latent&steering.space=scale) del capítulo 7 muestra cuánto se ahorra así. Stable Diffusion 3 guarda en cada lugar 16 números en vez de 4, así que sobrevive más detalle.',
          '**Transformers.** Los sistemas más nuevos sustituyen la UNet por un [[transformer]]. Corta la imagen en parches, y todos los parches se miran unos a otros con [atención](network.view=attention), en cada bloque. Cuesta más y compensa: con más pesos y más datos las imágenes siguen mejorando.',
          '**LoRA.** Para enseñarle a un modelo tu perro o tu estilo no hace falta cambiar todos sus pesos. [[LoRA]] los conserva y añade, junto a cada tabla grande de pesos, dos estrechas. Solo se entrenan estas, con el ejercicio del [capítulo 5](training.view=step). El archivo es a menudo cien veces más pequeño que el modelo.',
          '**ControlNet.** Las palabras sirven mal para decir dónde están las cosas. Una [[ControlNet]] lee un dibujo, una pose o un mapa de profundidad y suma lo que encuentra a los mapas de la propia red, como si en el capítulo 4 hubiera un [puente](network.view=parts&network.off=skip+0.0) más. Empieza en cero, así que al principio no cambia nada.',
          '**Destilación.** Un recorrido de 20 pasos puede enseñar a un segundo modelo a hacer lo mismo en uno a cuatro. Eso es la [[distillation|destilación]]. El segundo modelo aprende a saltar adonde llegaría el primero. Compáralo con [donde no bastan pocos pasos](sampling.view=few), en el capítulo 6: sin este entrenamiento, un paso da solo el promedio.',
          '**Flow matching.** Algunos modelos se entrenan con [[flow matching]]: a la red se le pide la [[velocity (v)|velocidad (v)]] a lo largo de una línea recta del ruido a los datos. Con ruido gaussiano, esto es difusión con el [programa recto](forward.show=schedule&forward.schedule=flow) del capítulo 2, con otras palabras. El mando de la guía del capítulo 7 camina por este programa.',
        ],
      },
      {
        heading: 'Copias, derechos y de dónde viene una imagen',
        text: [
          '**Copias.** Un modelo no suele copiar, pero puede. En 2023 unos investigadores tomaron las 350.000 imágenes que más veces aparecen en el conjunto de entrenamiento de Stable Diffusion y, a partir de la descripción de cada una, generaron 500 imágenes. Según su medida, 94 de las originales volvieron casi sin cambios. La razón es la [[memorisation|memorización]]: pocos ejemplos y un entrenamiento largo, como en el [capítulo 5](training.view=run&training.show=error&training.set=held_out&training.moment=10) y con el [corazón rojo](steering.view=words&steering.say=red+heart) del capítulo 7. Ayuda quitar los duplicados del conjunto de entrenamiento.',
          '**Derechos.** Las imágenes de entrenamiento suelen ser de alguien. Si se puede entrenar con ellas sin preguntar se decide de manera distinta en distintos países, y los tribunales siguen trabajando en ello. También está abierto de quién es una imagen dibujada: en los Estados Unidos, una imagen hecha solo por una máquina no tiene derechos de autor. Si publicas imágenes, consulta las reglas de tu país y la licencia del modelo. Los emojis de esta lección vienen de OpenMoji. Su licencia (CC BY-SA 4.0) permite este uso si se nombra a OpenMoji y lo que se hace con sus dibujos se comparte con la misma licencia.',
          '**Procedencia.** Una buena imagen puede ser una mentira. La respuesta es la [[provenance|procedencia]]: datos firmados en el archivo que dicen qué cámara o qué modelo la hizo (C2PA), o una marca oculta en los píxeles (como SynthID). Las dos cosas se pueden perder o quitar, así que la falta de una marca no prueba nada. La Ley de IA de la Unión Europea obliga a los proveedores de estos sistemas a marcar lo que generan.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
