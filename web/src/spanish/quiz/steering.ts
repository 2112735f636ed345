import type * as english from '../../english/quiz/steering'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: '¿Qué significa «sin clasificador» en la guía sin clasificador?',
      options: [
        { text: 'Las imágenes se hacen sin dar ninguna clase ni ningún texto', says: 'Al contrario: hace que la clase o el texto cuenten *más*. Sin ninguno de los dos no habría con qué guiar.' },
        { text: 'No hace falta un clasificador aparte: el propio modelo responde con la clase y sin ella', says: 'La [[guidance|guía]] anterior usaba la pendiente de un clasificador, entrenado con imágenes con ruido. Aquí indica el camino la diferencia entre las dos respuestas del propio modelo.' },
        { text: 'Se usa un clasificador solo en el entrenamiento, y después se tira', says: 'En el entrenamiento tampoco lo hay. Solo se oculta la clase de vez en cuando, para que el modelo aprenda a responder sin ella.' },
        { text: 'Las clases las encuentra el propio modelo; nadie tiene que etiquetar las imágenes de entrenamiento', says: 'Las etiquetas (o descripciones) hacen falta. Lo que no hace falta es una red que las lea en las imágenes.' },
      ],
    },
    {
      ask: 'En `answer = without + w·(with − without)`, ¿qué significa w = 1?',
      options: [
        { text: 'Sin guía y sin clase: el modelo sin más', says: 'Eso es w = 0: entonces solo queda `without`.' },
        { text: 'Mitad con la clase y mitad sin ella', says: 'Eso sería w = 0,5.' },
        { text: 'Exactamente la respuesta con la clase', says: '`without` se cancela, así que incluso se puede ahorrar la segunda llamada. La guía propiamente dicha empieza por encima de 1. (Algunas herramientas cuentan ahí desde 0: mira la fórmula antes de comparar números.)' },
        { text: 'La guía completa, lo más fuerte que puede ser', says: 'w puede ser 2, 4 u 8: entonces la respuesta va *más allá* de `with`, lejos de `without`.' },
      ],
    },
    {
      ask: 'Se sube la guía, de 1 a 8. ¿Qué les pasa a los dígitos?',
      look: 'Mantén las semillas y la clase, y sube la guía despacio.',
      options: [
        { text: 'Se vuelven cada vez más variados, ya que a cada uno se le empuja más hacia su clase', says: 'Empujar quita variedad: a los treses poco comunes se los empuja a ser comunes.' },
        { text: 'Se vuelven más ruidosos: ahora cada paso se pasa de su meta', says: 'Pasarse se pasa, pero en contraste, no en grano.' },
        { text: 'No mucho: un dígito no puede ser más que él mismo', says: 'Puede ser más *típico*, y después más extremo que cualquier dígito real. La fórmula no tiene freno.' },
        { text: 'Cada vez más parecidos y, al final, más duros que cualquier dígito real', says: 'Lejos de `without` significa lejos de todo lo que las clases comparten. Eso cuesta variedad. En exceso, se sale de lo que son imágenes reales: los píxeles van más allá del negro y del blanco.' },
      ],
    },
    {
      ask: 'Se pide un tres y w se pone en 0. ¿Qué obtienes?',
      look: 'Elige una clase y pon la guía en 0.',
      options: [
        { text: 'Dígitos de todo tipo', says: 'Con w = 0, la estimación con la clase no cuenta nada. La clase se ignora.' },
        { text: 'Treses tenues', says: 'w no es un brillo. En 0, la clase no tiene ningún efecto.' },
        { text: 'Cualquier cosa menos un tres', says: 'Para eso, w tendría que ser menor que 0: lejos de la respuesta con la clase.' },
        { text: 'Algo gris y borroso: el promedio de todos los dígitos', says: 'Las estimaciones sueltas son borrosas; los finales de los recorridos, no. Sin clase, el modelo camina igualmente hasta un dígito definido.' },
      ],
    },
    {
      ask: '¿Cómo llega la misma red a tener una respuesta *sin* la clase?',
      options: [
        { text: 'En el entrenamiento, la clase se oculta de vez en cuando, digamos una de cada diez veces', says: 'En su lugar se le dice a la red «ninguna», una undécima clase propia. Así practica las dos cosas, y las dos respuestas salen de los mismos pesos.' },
        { text: 'Se le pregunta diez veces, una por cada clase, y se promedian las respuestas', says: 'Se podría hacer así, aproximadamente, a diez veces el coste. Ocultar la clase lo deja en una sola llamada.' },
        { text: 'Una segunda red, más pequeña, se entrena con imágenes sin etiquetas', says: 'Los primeros experimentos sí entrenaron dos. Ocultando la clase basta una.' },
        { text: 'La entrada de la clase se deja vacía al dibujar; las redes se las arreglan si falta una entrada', says: 'Se las arreglan con lo que han practicado. Si la clase nunca se ocultó en el entrenamiento, «ninguna» se queda sin significado.' },
      ],
    },
    {
      ask: 'Diez pasos de dpm++2m con w = 3. ¿Cuántas respuestas da la red para una imagen?',
      options: [
        { text: '10: una por paso', says: 'Así es sin guía, y con w = 1 o w = 0, donde una de las dos respuestas desaparece.' },
        { text: '20: dos por paso', says: 'Una con la clase y otra sin ella, en cada paso. A menudo las dos pasan por la red juntas, en un lote más grande; el trabajo es igualmente el doble.' },
        { text: '30: tres por paso, como dice w', says: 'w es un factor de una fórmula. Cuesta lo mismo con 1,5 que con 8.' },
        { text: '100: una por paso para cada una de las diez clases', says: 'Solo se comparan dos respuestas: la de la clase pedida y la de ninguna.' },
      ],
    },
    {
      ask: 'Para cambiar una imagen, mezclas ruido hasta cierto nivel, y el camino de vuelta empieza ahí. ¿Qué hace un nivel más alto? (Un panel del capítulo 3 muestra una imagen en niveles crecientes y, debajo, lo que la red todavía saca de ella.)',
      options: [
        { text: 'Conserva más de la imagen, ya que la imagen está guardada en el ruido', says: 'El ruido no guarda nada. En el panel, la estimación con mucho ruido no tiene apenas nada de la imagen de arriba.' },
        { text: 'Solo tarda más: el resultado es el mismo, ya que el recorrido deshace el ruido', says: 'El recorrido no deshace *este* ruido. Lleva a una imagen probable, y con más ruido hay más imágenes probables.' },
        { text: 'Deja menos de la imagen y más libertad al modelo', says: 'En un nivel bajo, la estimación de abajo es casi la imagen: solo se hace nuevo el detalle fino. En un nivel alto queda solo la forma aproximada y, al final del todo, nada.' },
        { text: 'Hace el resultado más ruidoso, porque hay que quitar más ruido', says: 'El recorrido acaba siempre sin ruido, empiece donde empiece.' },
      ],
    },
    {
      ask: 'Un modelo pequeño aprendió de memoria el prompt «red heart» (corazón rojo). ¿Qué aspecto tiene su *primera* estimación desde ruido puro, al comienzo del recorrido?',
      look: 'Mira la primera estimación en la última fila de la película y compárala con la última. Después pide un pingüino («penguin») y compara otra vez.',
      options: [
        { text: 'Algo gris y borroso, ya que el ruido puro no dice nada', says: 'El ruido puro no dice nada, pero las palabras sí. Si dejan abierta una sola imagen, el promedio es esa imagen.' },
        { text: 'Ya es el corazón; un pingüino empieza borroso', says: 'El promedio de todo lo que encaja es nítido si solo encaja una imagen. Así que una primera estimación nítida es señal de memorización, y una borrosa, de que hay elección.' },
        { text: 'Una mezcla de todos los corazones que conoce', says: 'Así sería si las palabras encajaran con varios dibujos. «Red heart» es el nombre de uno.' },
        { text: 'Ruido, apenas más débil que al comienzo', says: 'La estimación quita todo el ruido, desde la primera llamada.' },
      ],
    },
    {
      ask: 'Entre las imágenes de entrenamiento no había ningún círculo azul y, sin embargo, el modelo dibuja uno. ¿Cómo puede?',
      options: [
        { text: 'La guía corrige lo que faltó en el entrenamiento, ya que empuja todas las respuestas hacia las palabras', says: 'La guía estira lo que el modelo ya estima. Lo que nunca aprendió no se puede estirar.' },
        { text: 'Ha encontrado «azul» y «círculo» por separado, y la atención deja que cada palabra actúe donde le corresponde', says: 'Las palabras son filas de números separadas, así que una da el color y la otra, la forma. No siempre funciona: prueba con el corazón morado («purple heart»).' },
        { text: 'Busca la descripción más cercana y recolorea esa imagen', says: 'No hay nada guardado que buscar: hay pesos, y un recorrido desde el ruido.' },
        { text: 'Funciona cualquier texto, porque los tokens se convierten en una semilla', says: 'La semilla hace el ruido y no sabe nada de palabras. Las palabras se le dicen a la red en cada llamada.' },
      ],
    },
    {
      ask: 'Se pinta encima de la mitad de una imagen y se dibuja de nuevo. ¿Qué mantiene la otra mitad como estaba?',
      options: [
        { text: 'La red se entrenó con máscaras y ha aprendido a copiar lo que se le muestra fuera de ellas', says: 'Algunas sí. Esta nunca ha visto una máscara: se puede usar así cualquier modelo.' },
        { text: 'El recorrido empieza ahí con poco ruido, de modo que no hay mucho en lo que equivocarse', says: 'Empieza en ruido puro en todas partes, también en la mitad conocida.' },
        { text: 'En cada paso, lo conocido sustituye ahí a la estimación del modelo', says: 'Así la mitad conocida camina directamente a lo que era, y en cada nivel de ruido la mitad pintada ve a su lado aquello con lo que tiene que encajar.' },
        { text: 'La mitad antigua se pega sobre la imagen terminada, que se dibujó sin ella', says: 'Entonces las dos no encajarían: un contorno acabaría en el borde de la máscara. La mitad conocida tiene que estar ahí *durante* el recorrido.' },
      ],
    },
    {
      ask: 'Este inpainting deja intacta la parte pintada y dibuja de nuevo todo lo demás. ¿Qué línea está mal?',
      lines: [
        { says: '1 donde se pintó algo, 0 en el resto: correcto.' },
        { says: 'El modelo estima la imagen entera, incluida la parte conocida: correcto.' },
        { says: 'Las dos están intercambiadas: la estimación va donde la máscara es 1; lo conocido, donde es 0.' },
        { says: 'El muestreador sigue con este x0 como con cualquier otro: correcto.' },
      ],
    },
    {
      ask: '¿Cuál es la idea clave de la difusión latente, la que hay detrás de Stable Diffusion?',
      options: [
        { text: 'El ruido tiene el mismo aspecto en todos los tamaños, así que la red se puede entrenar con imágenes pequeñas y ejecutar con grandes', says: 'Una red se puede ejecutar en tamaños distintos de los de su entrenamiento, aunque no bien. La idea aquí no es esa.' },
        { text: 'La mayoría de los números de una imagen son detalle que el ojo apenas nota: mejor difundir en un espacio pequeño y comprimido', says: 'Un autocodificador comprime 512 × 512 píxeles en 64 × 64 lugares, y al revés. El recorrido, que es lo caro, ocurre en el espacio pequeño, con 48 veces menos números; el decodificador dibuja el detalle al final, en una llamada.' },
        { text: 'La capa central de la red contiene un código de la imagen, así que basta con añadir ruido ahí', says: 'El código viene de un autocodificador aparte, entrenado antes. La red de difusión tiene su propio centro, y en él no se añade ruido.' },
        { text: 'Una imagen se describe mejor con palabras: mejor difundir sobre frases y que un segundo modelo las dibuje', says: 'En estos modelos, las palabras dirigen el recorrido. Pero aquello por lo que se camina es una pequeña cuadrícula de números parecida a una imagen, no una frase.' },
      ],
    },
    {
      ask: 'Pon en orden un paso guiado.',
      first: 'primero',
      last: 'último',
      steps: [
        { text: 'Preguntar a la red, con la clase y sin ella', says: 'El mismo x, el mismo nivel: solo cambia la clase.' },
        { text: 'Tomar la diferencia de las dos respuestas', says: 'Apunta de «una imagen» a «una imagen de esta clase».' },
        { text: 'Estirar la diferencia por w', says: 'Con w = 1 se queda como está.' },
        { text: 'Sumarla a la respuesta sin la clase', says: 'Esta es la estimación guiada de la imagen limpia.' },
        { text: 'Dejar que el muestreador dé su paso con esta estimación', says: 'El muestreador no sabe que hubo guía: para él es una respuesta como cualquier otra.' },
      ],
    },
    {
      ask: 'Cuanto más fuerte es esta guía, *menos* se parecen las imágenes a la clase pedida. ¿Qué línea está mal?',
      lines: [
        { says: 'La respuesta con la clase: correcto.' },
        { says: 'La respuesta con la clase nula, «ninguna»: correcto.' },
        { says: 'La flecha está al revés: va de la respuesta con la clase hacia la respuesta sin ella y, por encima de 1, más allá, lejos de la clase.' },
        { says: 'Las imágenes están entre −1 y 1; mantener ahí la estimación es inofensivo y modera una guía fuerte.' },
      ],
    },
  ],
} satisfies Said<typeof english>
