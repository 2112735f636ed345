import type * as english from '../../english/quiz/reverse'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'En el paso 600 de 1000 se le muestra a la red una imagen con ruido. ¿Qué responde?',
      options: [
        { text: 'La imagen tal como era en el paso 599, sin el ruido de un paso', says: 'Mucha gente lo cree, pero la red estima *todo* el ruido de una vez. El muestreador usa esa estimación para un paso pequeño, y luego la red vuelve a estimar.' },
        { text: 'Una estimación de todo el ruido que contiene, o de la imagen limpia, que viene a ser lo mismo', says: 'Si conoces la imagen con ruido, su nivel y el ruido, puedes calcular la imagen limpia, y al revés. El paso hacia abajo, al 599, es aritmética del muestreador.' },
        { text: 'El ruido que entró entre el paso 599 y el paso 600', says: 'Nadie podría distinguirlo del resto del ruido, y no hace falta. En el entrenamiento ni siquiera existe ese paso: a la imagen se le añade ruido hasta el nivel 600 de una vez.' },
        { text: 'La imagen limpia con la que se mezcló este mismo ruido, encontrada con exactitud', says: 'Muchas imágenes limpias encajan con una imagen con ruido. Lo mejor que se puede hacer es promediarlas, cada una con el peso de lo probable que es.' },
      ],
    },
    {
      ask: 'El eliminador de ruido mira una imagen muy ruidosa, y su estimación de la imagen limpia es borrosa. ¿Por qué?',
      options: [
        { text: 'Es el promedio de todas las imágenes limpias que podrían estar detrás del ruido', says: 'Los promedios de imágenes nítidas son borrosos. Es la mejor respuesta que hay: la de menor error cuadrático. Con menos ruido encajan menos imágenes, y la estimación se vuelve nítida.' },
        { text: 'La red es demasiado pequeña; una mayor respondería con una imagen nítida', says: 'El promedio exacto también es borroso, sin red alguna. Una respuesta nítida sería un acierto de suerte y, en promedio, quedaría más lejos.' },
        { text: 'Solo ha quitado parte del ruido, y el que queda parece borroso', says: 'El ruido que quedara se vería granulado, no borroso.' },
        { text: 'El ruido destruye primero los bordes nítidos, y los bordes destruidos ya no se pueden dibujar', says: 'Es verdad que el ruido tapa primero el detalle fino. Pero las imágenes finales son nítidas: los bordes se dibujan de nuevo durante el recorrido.' },
      ],
    },
    {
      ask: 'Los datos están en tres colinas, con valles vacíos en medio. Un punto está sobre un valle, y hay mucho ruido. ¿Dónde está la mejor estimación de su lugar limpio?',
      look: 'La bandera está en la mejor estimación. Muévete a lo largo de x; después baja el ruido y muévete otra vez.',
      options: [
        { text: 'En la colina más cercana', says: 'Con poco ruido, sí. Con mucho, el punto bien puede haber venido de más lejos, y cada posibilidad cuenta.' },
        { text: 'En la colina más alta, sea cual sea el punto', says: 'La colina más alta es la que más pesa en el promedio, pero las otras también tiran.' },
        { text: 'Entre las colinas, donde puede no haber ningún dato', says: 'La mejor estimación es un promedio de lo que pudo haber sido, y un promedio no tiene por qué ser posible él mismo. De todas las respuestas, tiene el menor error cuadrático. Las imágenes que son promedios se ven borrosas.' },
        { text: 'En una de las colinas, al azar, por una tirada de dados trucados', says: 'Eso sería una *muestra*, y hace falta un recorrido entero para obtener una. En la respuesta del eliminador de ruido no hay azar.' },
      ],
    },
    {
      ask: 'El paso de vuelta de DDPM se mueve hacia la estimación y luego añade un poco de ruido fresco. ¿Por qué añadir ruido, si se trata de librarse de él?',
      options: [
        { text: 'Para ocultar los errores de la red, que se verían como patrones', says: 'El ruido fresco sí borra algunos errores anteriores, un efecto secundario bienvenido. Pero el paso lo necesita incluso con un eliminador de ruido perfecto.' },
        { text: 'Para que las semillas den imágenes distintas; si no, todos los recorridos serían iguales', says: 'De eso ya se ocupa el ruido del principio: DDIM no añade ninguno por el camino, y sus imágenes difieren de semilla a semilla.' },
        { text: 'Es un resto del entrenamiento, inofensivo, y se puede omitir sin más', says: 'Omítelo sin cambiar nada más, y los resultados serán demasiado lisos y demasiado parecidos. Los muestreadores sin ruido dan pasos *distintos*.' },
        { text: 'El paso va a un promedio; el ruido restituye la dispersión a su alrededor', says: 'En el nivel siguiente, las imágenes tienen cierta dispersión. El movimiento acaba en el centro de las posibles, con demasiado poca dispersión. El ruido fresco la restituye; con pasos pequeños, casi toda.' },
      ],
    },
    {
      ask: 'Dos mil caminantes dan los pasos de DDPM desde comienzos distintos, sin nada de ruido fresco. ¿Dónde acaban?',
      look: 'El histograma muestra dónde están los caminantes al final; la línea, cómo se dispersan los datos. Después devuelve el ruido fresco con el control.',
      options: [
        { text: 'En las tres colinas, cada caminante más cerca de la cima que antes', says: 'Sin ruido fresco, los caminantes pierden lo que los distinguía. Ni siquiera se reparten por las colinas.' },
        { text: 'Todos en un mismo lugar, y no es la cima de una colina', says: 'Cada paso va a un promedio, y nada restituye la dispersión a su alrededor. Al final, todos los caminantes están en un mismo lugar, en la ladera de la colina de la derecha, donde la densidad es la mitad que en su cima.' },
        { text: 'Como con DDIM: en las colinas, dispersos como los datos', says: 'DDIM no necesita ruido fresco, pero da otros pasos. Conserva el ruido que DDPM suelta.' },
        { text: 'Por todas partes: el ruido no se quita del todo', says: 'Es al revés. Sin ruido fresco, en cada nivel hay *menos* ruido del que se le dice al eliminador de ruido.' },
      ],
    },
    {
      ask: '¿Qué es el score en un punto x?',
      options: [
        { text: 'Una nota entre 0 y 1 de cuánto se parece x a los datos reales', says: 'Eso sería el discriminador de una GAN, o un crítico. El score no es una nota, sino una flecha.' },
        { text: 'La densidad de probabilidad de los datos con ruido en x', says: 'Casi: el score se obtiene de ella. Pero la densidad misma no está al alcance en muchas dimensiones; su pendiente sí, y la pendiente basta para caminar.' },
        { text: 'La flecha de x al ejemplo de entrenamiento más cercano', says: 'Con muy poco ruido, casi lo es. Con más, muchos ejemplos tiran de x a la vez, y el score se compone de todos sus tirones.' },
        { text: 'La flecha que apunta adonde la densidad crece más deprisa', says: 'Es la pendiente del logaritmo de la densidad: cuesta arriba, hacia lugares más probables. Es el [[noise|ruido]] estimado, con el signo cambiado y escalado.' },
      ],
    },
    {
      ask: 'Una red predice el ruido ε que hay en x en el nivel σ. ¿Cómo obtienes de él el score?',
      options: [
        { text: 'Como −ε/σ: dale la vuelta al ruido y escálalo', says: 'El ruido ha empujado x lejos de donde están los datos, así que la dirección contraria lleva cuesta arriba. Menos ruido significa una colina más empinada; de ahí la división entre σ.' },
        { text: 'Como ε·σ: ruido del tamaño correcto', says: 'Eso apunta hacia donde no es: a favor del ruido, lejos de los datos.' },
        { text: 'De ninguna manera: hay que entrenar una segunda red para eso', says: 'Ruido, imagen limpia, velocidad y score son cuatro nombres del mismo conocimiento. Cualquiera de ellos da los otros con aritmética.' },
        { text: 'Como la pérdida de la red en x', says: 'La pérdida es un solo número, que solo se conoce en el entrenamiento, donde está el ruido verdadero. El score tiene tantos números como la imagen.' },
      ],
    },
    {
      ask: 'Pon en orden un paso de DDIM.',
      first: 'primero',
      last: 'último',
      steps: [
        { text: 'Decir al eliminador de ruido x y su nivel de ruido', says: 'El nivel importa: el mismo x significa otras cosas en otros niveles.' },
        { text: 'Obtener su estimación x̂₀ de la imagen limpia', says: 'De una vez, todo el ruido: no el de un solo paso.' },
        { text: 'Calcular el ruido que eso implica: (x − α·x̂₀)/σ', says: 'Lo que no es imagen tiene que ser ruido.' },
        { text: 'Bajar un nivel: α′ y σ′ ocupan el lugar de α y σ', says: 'La rejilla de niveles dice hasta dónde va este paso.' },
        { text: 'Mezclar otra vez: α′·x̂₀ + σ′·(ese ruido)', says: 'La receta hacia delante, con una estimación en lugar de la verdad. Entonces x está en el nivel más bajo y empieza el paso siguiente.' },
      ],
    },
    {
      ask: 'Esto debe ser el paso de DDPM del nivel `here` hacia abajo, a `there` (`kept` es la parte del ruido presente que se queda). Todos sus resultados son demasiado lisos. ¿Qué línea está mal?',
      lines: [
        { says: 'La estimación de la imagen limpia, en el nivel en que está x: correcto.' },
        { says: 'El ruido que esa estimación implica: correcto.' },
        { says: 'La parte que conserva DDPM, menor que 1. Es lo que dice su fórmula.' },
        { says: 'Se soltó parte del ruido y nada ha ocupado su lugar, así que x tiene menos ruido de lo que dice su nivel. El ruido fresco tiene que completar la varianza: kept² + (1 − kept²) = 1.' },
      ],
    },
  ],
} satisfies Said<typeof english>
