import type * as english from '../../english/quiz/sampling'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: '¿Por qué tarda un modelo de difusión más en hacer una imagen que una GAN del mismo tamaño?',
      options: [
        { text: 'Llama a su red muchas veces por imagen; una GAN, una sola', says: 'Una GAN va del ruido a la imagen en una llamada. Un modelo de difusión estima, se mueve un poco y vuelve a estimar: a menudo de diez a cincuenta veces; con DDPM tal como se publicó, mil veces.' },
        { text: 'Hay que entrenarlo un poco más para cada imagen nueva que hace', says: 'Los pesos quedan fijos cuando termina el entrenamiento. Dibujar no cambia nada en la red.' },
        { text: 'Compara cada imagen con el conjunto de entrenamiento, para asegurarse de que no es una copia', says: 'Ya no tiene a mano ningún conjunto de entrenamiento, solo pesos. Si copia o no, hay que comprobarlo aparte.' },
        { text: 'Hace la imagen píxel a píxel; una GAN, de una vez', says: 'A todos los píxeles se les quita el ruido juntos, en cada llamada. Píxel a píxel trabajan los modelos autorregresivos.' },
      ],
    },
    {
      ask: 'El mismo ruido, un muestreador que no añade ninguno por el camino (DDIM). De 20 pasos a 50: ¿cómo cambia la imagen?',
      look: 'Tres recorridos desde el mismo ruido, en 50, 20 y 3 pasos: compara dónde acaban.',
      options: [
        { text: 'Apenas: los dos recorridos siguen el mismo camino y acaban casi en el mismo lugar', says: 'Más pasos siguen la misma curva más de cerca. A partir de cierto número ya no queda nada que ganar; un puñado de pasos, en cambio, ataja en las curvas y acaba en otro sitio.' },
        { text: 'Se vuelve otra imagen, ya que cada paso cambia lo que hacen los siguientes', says: 'Así sería si cada paso trajera ruido nuevo. Aquí decide el ruido del principio, y el camino desde él está fijado.' },
        { text: 'Se vuelve más nítida con cada paso que se añade', says: 'De 3 pasos a 20 se gana. De 20 a 50 apenas se ve diferencia.' },
        { text: 'Se vuelve más típica de su clase, y menos variada', says: 'Eso es lo que hace la guía. Más pasos hacen lo contrario: con muy pocos pasos las imágenes se parecen demasiado.' },
      ],
    },
    {
      ask: 'Seis semillas, un paso cada una: una sola estimación desde ruido puro, tomada como imagen. Se pide una cara sonriente. ¿Qué obtienes?',
      look: 'Mira la fila de un paso; después, las de tres, cinco y veinte.',
      options: [
        { text: 'Seis caras claras, todas distintas; más pasos solo las pulen', says: 'Para imágenes distintas hace falta más de una estimación. El ruido puro no dice nada de la imagen, así que las seis estimaciones se parecen.' },
        { text: 'El ruido otra vez, apenas más débil que antes', says: 'La estimación quita *todo* el ruido.' },
        { text: 'Gris en todos los píxeles, sin ninguna forma', says: 'Las palabras se conocen: una cara sonriente. El promedio de todas las caras sonrientes tiene forma. (Sin palabras, sería el promedio de todos los dibujos.)' },
        { text: 'La misma cara borrosa, seis veces: el promedio de todas las caras sonrientes', says: 'No se sabe nada más que las palabras, así que la mejor estimación es el promedio de todos los dibujos que encajan con ellas. Cada paso siguiente sabe más, y las imágenes se separan.' },
        { text: 'Una de las imágenes de entrenamiento, ya que son lo que ha visto', says: '¿Cuál de ellas? Detrás del ruido puro, todas las caras sonrientes son posibles, así que la estimación las mezcla.' },
      ],
    },
    {
      ask: 'El mismo ruido inicial dos veces, una con DDIM y otra con DDPM, y luego cada una otra vez. ¿Qué imágenes son iguales?',
      options: [
        { text: 'Las cuatro: decide el ruido inicial', says: 'En DDIM, sí. DDPM renueva parte del ruido en cada paso, y esos sorteos posteriores también deciden.' },
        { text: 'Las dos de DDIM. Las dos de DDPM, solo si también es igual el ruido del camino', says: 'El camino de DDIM queda fijado por donde empieza. El de DDPM depende de todo el ruido sorteado por el camino; una semilla para ese ruido lo hace repetible también, y eso es lo que hace este paquete.' },
        { text: 'Ninguna: un recorrido de muchos pasos nunca es exactamente igual dos veces, los números se redondean de otro modo', says: 'Las mismas sumas en el mismo orden dan los mismos números. Las imágenes de una semilla deben ser iguales bit a bit, y aquí hay pruebas que lo exigen.' },
        { text: 'La primera de DDIM y la primera de DDPM, e igualmente las segundas', says: 'Los dos muestreadores dan pasos distintos desde el principio, uno con ruido fresco y otro sin él.' },
      ],
    },
    {
      ask: 'DDIM sigue la «EDO de flujo de probabilidad». ¿Qué es eso, en palabras sencillas?',
      options: [
        { text: 'Un camino sin azar para cada punto; la nube de todos tiene el mismo aspecto que con azar', says: 'Los puntos sueltos se mueven con suavidad, como en una corriente. Y aun así su nube tiene, en cada nivel, la misma distribución que el proceso ruidoso. Por eso acaba también en los datos.' },
        { text: 'El más probable de todos los recorridos al azar que llevan de este ruido a alguna imagen de los datos', says: 'No es uno de los recorridos al azar: todos ellos tiemblan. Es una corriente que mueve la distribución entera.' },
        { text: 'El promedio de todas las imágenes a las que se puede llegar desde este ruido', says: 'Un promedio sería borroso. El flujo lleva a imágenes sueltas y nítidas.' },
        { text: 'Una fórmula para la probabilidad de cada imagen, despejada para la imagen', says: 'El flujo se puede usar para calcular probabilidades, pero es una regla para moverse: estás aquí, ve por ahí, así de rápido.' },
      ],
    },
    {
      ask: '¿Por qué le bastan a dpm++2m menos llamadas que a DDIM?',
      options: [
        { text: 'Llama a la red dos veces en cada paso y se queda con la mejor estimación', says: 'El método de Heun llama dos veces por paso (y promedia). El «2» de 2m es su orden; llama una vez.' },
        { text: 'Necesita una red entrenada para pocos pasos', says: 'Sirve cualquier red entrenada: los muestreadores se pueden intercambiar. Los modelos destilados, hechos para pocos pasos, son otra cosa.' },
        { text: 'Recuerda la estimación anterior, y así ve hacia dónde giran las estimaciones', says: 'DDIM actúa como si la estimación fuera la misma durante todo el paso. Con dos estimaciones puede prever el cambio, así que un paso largo sigue la curva. La memoria no cuesta ninguna llamada.' },
        { text: 'Omite los niveles de ruido en los que la imagen no cambia', says: 'Qué niveles se visitan es asunto de la rejilla, y cualquier muestreador puede usar cualquier rejilla.' },
      ],
    },
    {
      ask: 'Ordena estos por el número de llamadas a la red para una imagen, de menos a más.',
      first: 'menos',
      last: 'más',
      steps: [
        { text: 'Una GAN', says: 'Una llamada: del ruido a la imagen directamente.' },
        { text: 'Un modelo de difusión destilado, 4 pasos', says: 'Cuatro. Se entrenó otra vez, para dar pasos largos.' },
        { text: 'dpm++2m, 10 pasos', says: 'Diez: una llamada por paso, con memoria.' },
        { text: 'Heun, 10 pasos', says: 'Dieciocho: dos llamadas por paso, pero el primero y el último necesitan solo una cada uno.' },
        { text: 'DDIM, 50 pasos', says: 'Cincuenta: una llamada por paso.' },
        { text: 'DDPM tal como se publicó', says: 'Mil, una por cada nivel con el que se entrenó.' },
      ],
    },
    {
      ask: 'El eliminador de ruido responde con la imagen limpia. Este paso de DDIM se dispara hasta números enormes. ¿Qué línea está mal?',
      lines: [
        { says: 'La estimación de la imagen limpia, como se ha dicho: correcto.' },
        { says: 'La respuesta es la imagen limpia y se toma por el ruido. Hay que saber cuál de los dos da un modelo: confundirlos es un error frecuente con modelos de otros.' },
        { says: 'Correcto, si `eps` fuera el ruido. Con mucho ruido α es pequeño, y dividir entre él hace que un `eps` equivocado se dispare.' },
        { says: 'Mezclar otra vez en el nivel siguiente: correcto.' },
      ],
    },
    {
      ask: 'Todas las imágenes salen con un grano fino de ruido encima. ¿Qué línea está mal?',
      lines: [
        { says: 'Un buen programa: ruido en t = 1, limpio en t = 0.' },
        { says: 'El recorrido se detiene en t = 0,05, donde σ todavía no es 0: el último ruido nunca se quita. Una rejilla tiene que terminar en σ = 0.' },
        { says: 'Una semilla para cada imagen: correcto.' },
        { says: 'Recorre hacia abajo los niveles que recibe, y no más allá.' },
      ],
    },
  ],
} satisfies Said<typeof english>
