import type * as english from '../../english/quiz/training'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: '¿Para predecir qué se entrena una red de difusión?',
      options: [
        { text: 'Si una imagen es real o la hizo un modelo', says: 'Eso es lo que aprende la segunda red de una [[GAN]]. La difusión no necesita adversario.' },
        { text: 'El píxel siguiente, a partir de todos los anteriores', says: 'Los modelos de lenguaje y algunos modelos de imágenes van así, trozo a trozo. Una red de difusión responde por todos los píxeles a la vez.' },
        { text: 'El ruido de una imagen con ruido o, lo que viene a ser lo mismo, la imagen limpia', says: 'El ejercicio se hace solo: mezcla ruido conocido con una imagen, pide que lo devuelva, compara. Toda la generación está hecha de esta única habilidad.' },
        { text: 'La imagen con un paso menos de ruido, de modo que mil llamadas deshagan mil pasos', says: 'Estima cada vez todo el camino hasta la imagen limpia. Cuánto de esa estimación se usa en un paso depende del muestreador; por eso un modelo entrenado con 1000 niveles puede dibujar en 10 pasos.' },
      ],
    },
    {
      ask: 'La pérdida baja durante un minuto y luego parece plana durante una hora. ¿Qué se deduce?',
      options: [
        { text: 'Que el entrenamiento está terminado: lo que se podía aprender está aprendido; hay que parar', says: 'Mira las muestras: siguen mejorando después de que la curva parezca plana.' },
        { text: 'No mucho. Mira las muestras y la pérdida nivel por nivel', says: 'Casi toda la pérdida es ruido que nadie puede predecir, y oculta las mejoras pequeñas. Pero esas mejoras convierten manchas en dígitos. En el entrenamiento de este capítulo, nueve décimas partes de la bajada habían pasado cuando 6 de las 40 muestras aún no se podían leer.' },
        { text: 'Que la tasa de aprendizaje es demasiado baja para bajar más', says: 'Tal vez, pero la curva no lo puede decir: con una buena tasa se vería igual de plana.' },
        { text: 'Que la red ya no aprende nada y debería ser más grande', says: 'Un total plano no es señal de eso. Es un promedio de niveles fáciles, difíciles e imposibles, dominado por lo que no se puede aprender.' },
      ],
    },
    {
      ask: 'Con entrenamiento sin fin, una red perfecta y datos ilimitados: ¿por qué la pérdida sigue sin llegar a cero?',
      options: [
        { text: 'Muchas imágenes limpias encajan con una con ruido, y ninguna respuesta acierta con todas', says: 'La mejor respuesta es su promedio, y falla por un poco con cada una. Este suelo es de los datos, no de la red: el eliminador de ruido exacto también lo tiene.' },
        { text: 'Errores de redondeo: los números de una máquina solo tienen unas cuantas cifras', says: 'Son muchos miles de veces menores que el suelo.' },
        { text: 'La red ve cada imagen solo unas pocas veces, así que nunca la aprende del todo', says: 'Se concedieron datos y entrenamiento ilimitados. (Con pocos datos, la pérdida *sí* puede ir hacia cero: aprendiendo las imágenes de memoria.)' },
        { text: 'El descenso de gradiente estocástico solo se acerca al mínimo, no llega a él', says: 'También es verdad, pero no es la razón. El mínimo mismo está bastante por encima de cero.' },
      ],
    },
    {
      ask: 'La red entrenada estima el *ruido* de una imagen. ¿Cuánto vale su error en cada nivel de ruido? Dibuja la curva.',
      look: 'Cada cinta es el error según el nivel de ruido. Sigue la última, de poco ruido a mucho.',
      columns: ['t = 0,05', '0,2', '0,35', '0,5', '0,65', '0,8', '0,95'],
      across: 'tiempo t del nivel de ruido, de poco ruido a mucho',
      up: 'error del ruido estimado',
      says: 'Baja todo el camino. Para leer un ruido tenue en una imagen, tienes que conocer la imagen con exactitud. Con mucho ruido, casi todo lo que ves es ruido. (Con el error de la *imagen* es al revés.)',
      others: [
        { text: 'Sube: con mucho ruido no se distingue la imagen', says: 'Ahí lo difícil de estimar es la *imagen*. Pero la pregunta es por el ruido, y con mucho ruido la imagen ruidosa no es casi nada más.' },
        { text: 'Es máximo en el medio, donde imagen y ruido tienen la misma fuerza', says: 'En el medio se hace la *elección* entre imágenes. El error del ruido no es ahí ni el mayor ni el menor.' },
        { text: 'Es igual en todas partes: cada nivel se entrena con la misma frecuencia', says: 'Practicar lo mismo no hace que las tareas sean igual de difíciles.' },
      ],
    },
    {
      ask: 'Un conjunto pequeño de imágenes, con el que se entrena durante muchísimo tiempo. ¿Cómo sigue el error en imágenes *reservadas* después del comienzo rápido? Dibuja la curva.',
      look: 'La curva de debajo de las muestras tiene dos líneas: imágenes con las que se entrena e imágenes nunca vistas. Sigue la línea de las imágenes nunca vistas hasta su extremo derecho.',
      columns: ['16 mil', '32 mil', '64 mil', '128 mil', '256 mil'],
      across: 'imágenes vistas en el entrenamiento',
      up: 'error en imágenes reservadas',
      says: 'Baja, luego da la vuelta y sube, mientras el error en las imágenes de entrenamiento sigue bajando. La red aprende sus imágenes de memoria: sus estimaciones para otras empeoran. Solo las imágenes reservadas lo dicen.',
      others: [
        { text: 'Se aplana, ya que el ruido es nuevo cada vez', says: 'El ruido nuevo ayuda durante mucho tiempo. Pero las imágenes que hay detrás son las mismas pocas, y al final la red las conoce.' },
        { text: 'Sigue bajando, solo que más despacio', says: 'Así es al principio. Luego da la vuelta.' },
        { text: 'Sube desde el comienzo', says: 'Al principio la red aprende lo que todos los dígitos tienen en común, y eso ayuda también con los reservados.' },
      ],
    },
    {
      ask: 'Las muestras se dibujan con una media de los pesos a lo largo del entrenamiento reciente (EMA), no con los últimos. ¿Para qué?',
      options: [
        { text: 'Ahorra memoria: una media ocupa menos que mil juegos de pesos', says: 'Cuesta memoria: una segunda copia de los pesos. Los mil juegos nunca se guardan; la media se va moviendo con ellos.' },
        { text: 'Los últimos pesos tiemblan de lote en lote; la media tiembla menos', says: 'Cada lote tira de los pesos a su manera. El temblor se promedia y lo aprendido se queda.' },
        { text: 'Acelera el entrenamiento, porque el gradiente se toma de la media', says: 'El entrenamiento sigue con los pesos sin promediar y nunca mira la media. Solo existe para dibujar.' },
        { text: 'Evita que la red aprenda imágenes de memoria', says: 'No lo evita: la media de unos pesos que saben las imágenes de memoria también las sabe.' },
      ],
    },
    {
      ask: 'Pon en orden un paso del entrenamiento.',
      first: 'primero',
      last: 'último',
      steps: [
        { text: 'Tomar imágenes limpias del conjunto de entrenamiento', says: 'Un lote de ellas; cuáles, se deja al azar.' },
        { text: 'Sortear un nivel de ruido para cada una de esas imágenes', says: 'A cada nivel le llega su turno, en cualquier orden.' },
        { text: 'Sortear ruido y mezclarlo', says: 'De una vez, con la fórmula cerrada. El ruido es nuevo cada vez.' },
        { text: 'Pedirle a la red su estimación', says: 'Recibe la imagen con ruido y el nivel.' },
        { text: 'Elevar al cuadrado la diferencia con la verdad: la pérdida', says: 'La verdad se conoce, porque el ejercicio lo hicimos nosotros.' },
        { text: 'Mover cada peso un poco cuesta abajo', says: 'El gradiente de la pérdida dice hacia dónde. Después, la media de los pesos los sigue.' },
      ],
    },
    {
      ask: 'La pérdida de este entrenamiento baja de maravilla, pero los recorridos desde el ruido acaban en papilla. ¿Qué línea está mal?',
      lines: [
        { says: 'Un lote de imágenes y sus clases: correcto.' },
        { says: 'Solo se practica un nivel de ruido. La red se vuelve muy buena en él y nunca se encuentra con los otros, por los que tiene que pasar cualquier recorrido.' },
        { says: 'Ruido fresco, mezclado con la fórmula cerrada: correcto.' },
        { says: 'El error cuadrático de la estimación: correcto.' },
      ],
    },
  ],
} satisfies Said<typeof english>
