import type * as english from '../../english/quiz/forward'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'El entrenamiento quiere una imagen en el paso de tiempo 700 de 1000. ¿Cuántas veces hay que mezclar ruido para obtenerla?',
      options: [
        { text: 'Una, con los α y σ del paso de tiempo 700', says: 'Una suma de gaussianas independientes es otra gaussiana. Así que 700 dosis pequeñas de ruido tienen el mismo efecto que una grande, y el programa de ruido dice de qué tamaño.' },
        { text: '300 veces, contando desde el extremo ruidoso', says: 'Contar desde el extremo ruidoso es lo que hace el muestreo, con una red. El proceso hacia delante empieza en la imagen limpia y no necesita ninguna red.' },
        { text: '700 veces, y cada paso empieza donde terminó el anterior', says: 'Funcionaría, y daría una imagen con la misma estadística, por 700 veces el trabajo. La fórmula cerrada hace asequible el entrenamiento.' },
        { text: '1000 veces, ya que α y σ solo se conocen cuando se conoce la cadena entera', says: 'α y σ se deducen solo del programa de ruido, antes de que haya imagen alguna. Se consultan en una tabla.' },
      ],
    },
    {
      ask: 'En cierto nivel, α = 0,6 y σ = 0,8. Los datos tienen varianza 1. ¿Qué varianza tiene la imagen con ruido?',
      options: [
        { text: '0,48, el producto de 0,6 y 0,8', says: 'La señal y el ruido se suman, no se multiplican entre sí.' },
        { text: '0,8, porque solo varía el ruido', says: 'Los datos también varían, de imagen a imagen y de píxel a píxel; y el ruido tiene varianza σ² = 0,64, no σ.' },
        { text: '1: sigue siendo la que era', says: '0,6² + 0,8² = 1. Las varianzas de cosas independientes se suman, y un programa con α² + σ² = 1 mantiene el total en 1 todo el camino. De un [[schedule|programa de ruido]] así se dice que [[variance preserving|conserva la varianza]].' },
        { text: '1,4, la suma de 0,6 y 0,8', says: 'Lo que se suma son las varianzas, los *cuadrados*: 0,36 + 0,64. Sumar los factores sin más es un descuido frecuente.' },
      ],
    },
    {
      ask: '«La imagen solo se multiplicó por α. Así que divide la imagen con ruido entre α y la tendrás de vuelta». ¿Qué sale?',
      options: [
        { text: 'La imagen limpia, mientras α no sea demasiado pequeño para dividir entre él', says: 'Dividir deshace el encogimiento, pero no el ruido, que también se divide: crece de σ a σ/α.' },
        { text: 'La imagen limpia con ruido de tamaño σ/α, tan difícil de distinguir como antes', says: 'Más clara, pero no más nítida. Solo la relación entre señal y ruido decide lo que se ve, y ninguna multiplicación cambia una relación.' },
        { text: 'El ruido solo: dividir entre α saca la imagen y deja lo que se le sumó', says: 'La imagen sigue en la suma, ahora a su tamaño completo.' },
        { text: 'Una imagen limpia, pero no la misma: alguna otra que encaja igual de bien con el ruido', says: 'Eso sería una muestra de un modelo, que ha aprendido qué aspecto tienen las imágenes. Una división no ha aprendido nada.' },
      ],
    },
    {
      ask: 'A mitad de camino, en t = 0,5, el programa coseno deja α = 0,70 de la imagen. ¿Cuánto vale α en ese mismo tiempo en el programa lineal de DDPM?',
      look: 'El panel está a mitad de camino, en el programa lineal. Lee α debajo de la escena. Después elige el programa coseno y compara las láminas.',
      says: 'α vale 0,28 en el programa lineal: la mayor parte de la imagen ya no está. El programa coseno se hizo por eso. No gasta tantos pasos en imágenes que son casi ruido.',
      others: [
        { text: '0,5: lineal significa uniforme', says: 'Lineal es solo β, la varianza de cada dosis pequeña. Las dosis se acumulan, y a mitad de camino α ya ha bajado a 0,28.' },
        { text: '0,7: mitad de camino es mitad de camino', says: 'Un programa puede gastar su tiempo donde quiera. Solo están fijados los dos extremos, y aun esos, solo casi.' },
        { text: 'Depende de la imagen', says: 'Lo que puedes distinguir sí depende de ella; las formas grandes duran más. Pero α y σ son iguales para todas las imágenes.' },
      ],
    },
    {
      ask: 'Una imagen bajo muchísimo ruido, en t = 0,9. ¿Podría esa misma lámina ser otra imagen con otro ruido?',
      look: 'Lee las probabilidades que hay debajo de las dos sumas. Después baja a t = 0,3 y léelas otra vez.',
      options: [
        { text: 'No: se hizo a partir de esta imagen, así que esta imagen es lo que hay dentro', says: 'Se hizo a partir de esta imagen, pero apenas queda rastro. Lo que hay encaja con muchas imágenes.' },
        { text: 'Sí, y las probabilidades de una y otra están casi igualadas', says: 'La otra imagen necesita otro ruido, y ese ruido es casi igual de probable. Así que la lámina misma no dice qué era. El camino de vuelta tendrá que elegir. En t = 0,3 las probabilidades son de muchísimos a uno: ahí la lámina todavía lo dice.' },
        { text: 'Sí, pero una buena red siempre puede saber cuál era', says: 'Ninguna red puede. Cuando las probabilidades están igualadas, la mejor estimación es un promedio de las dos.' },
        { text: 'Solo si las dos imágenes recibieron el mismo ruido', says: 'Es al revés. El mismo ruido sobre imágenes distintas da láminas distintas. Para la misma lámina, el ruido tiene que ser distinto.' },
      ],
    },
    {
      ask: 'Un paso pequeño de DDPM es `x ← √(1 − β)·x + √β·ε`. ¿Por qué se encoge la imagen anterior, en vez de sumar ruido sin más?',
      options: [
        { text: 'Para que los píxeles se queden entre −1 y 1, donde una pantalla puede mostrarlos', says: 'No se quedan ahí: el ruido gaussiano no tiene límites, y los píxeles con ruido se salen del intervalo continuamente.' },
        { text: 'Sin eso, la imagen nunca quedaría ahogada, por mucho ruido que se le echara encima', says: 'Sí quedaría: con suficiente ruido se pierde cualquier imagen. Hay programas que nunca encogen («variance exploding»), y funcionan. Solo que sus números se hacen grandes.' },
        { text: 'Para que la varianza siga igual mientras entra ruido', says: '(1 − β) de la varianza anterior más β de la nueva vuelve a ser 1. Así la red recibe siempre números del mismo tamaño, y el final es una gaussiana de varianza 1.' },
        { text: 'Porque el ruido quita información y el encogimiento da cuenta de la pérdida', says: 'La información se pierde porque el ruido la tapa. Encoger por un factor conocido no pierde nada: se podría multiplicar otra vez.' },
      ],
    },
    {
      ask: 'Cinco niveles de ruido. Ponlos en orden según lo bien que aún se distingue la imagen.',
      first: 'el más nítido',
      last: 'el más ruidoso',
      steps: [
        { text: 'α = 1, σ = 0,05', says: 'σ/α = 0,05: casi limpia.' },
        { text: 'α = 2, σ = 1', says: 'σ/α = 0,5. Más ruido que arriba, pero también el doble de imagen: solo cuenta la relación.' },
        { text: 'α = 0,8, σ = 0,6', says: 'σ/α = 0,75.' },
        { text: 'α = 1, σ = 2', says: 'σ/α = 2: el doble de ruido que de imagen.' },
        { text: 'α = 0,1, σ = 1', says: 'σ/α = 10. El mismo σ que el segundo, y veinte veces más ruidoso.' },
      ],
    },
    {
      ask: 'Con este código las imágenes se apagan demasiado pronto: a la mitad del programa de DDPM, α sale 0,08 y debería ser 0,28. ¿Qué línea está mal?',
      lines: [
        { says: 'ᾱ, el producto de todos los (1 − β) hasta ahora: lo que queda de la *varianza* de la señal.' },
        { says: 'ᾱ es una varianza, y una imagen se escala con una desviación estándar: su raíz cuadrada. 0,28² es 0,08. La raíz está en σ y falta en α, así que α² + σ² ya no es 1.' },
        { says: 'Ruido gaussiano nuevo con la forma de la imagen, como debe ser.' },
        { says: 'La fórmula cerrada en sí es correcta; lo que recibe es un α equivocado.' },
      ],
    },
    {
      ask: 'Después de 1000 de estos pasos la imagen ya no está, pero lo que queda tiene una desviación estándar de 0,14 y debería tener 1. ¿Qué línea está mal?',
      lines: [
        { says: 'Los pasos de tiempo de 1 a T: correcto.' },
        { says: 'La β del paso de tiempo k está en el lugar k − 1, porque Python cuenta desde 0.' },
        { says: 'Ruido nuevo en cada paso: correcto. Si se reutilizara el mismo, se acumularía.' },
        { says: 'β es la *varianza* del ruido que se suma; el factor tiene que ser su raíz. β es pequeña (como mucho 0,02), así que β en lugar de √β suma demasiado poco.' },
      ],
    },
  ],
} satisfies Said<typeof english>
