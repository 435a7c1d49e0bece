// What scikit-learn 1.9.1 prints. The script that made it (`pip install scikit-learn`; its output is the enum's body):
//
//     from sklearn.metrics import classification_report
//
//     CASES = {
//         "fashion": (2, ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"], [
//             [853, 3, 10, 19, 4, 1, 92, 0, 18, 0], [6, 960, 2, 21, 3, 0, 6, 0, 2, 0], [17, 1, 795, 12, 78, 0, 88, 0, 9, 0],
//             [44, 7, 14, 877, 29, 0, 21, 0, 8, 0], [0, 0, 125, 34, 748, 1, 77, 0, 15, 0], [0, 0, 0, 1, 0, 938, 0, 35, 2, 24],
//             [149, 2, 73, 28, 63, 0, 659, 0, 26, 0], [0, 0, 0, 0, 0, 19, 0, 951, 0, 30], [4, 0, 3, 3, 2, 1, 9, 5, 973, 0],
//             [0, 0, 0, 1, 0, 5, 2, 41, 0, 951]]),
//         "zeroDivision": (2, ["never predicted", "größe", "no samples at all", "d"], [
//             [0, 3, 1, 0], [0, 7, 0, 2], [0, 0, 0, 0], [0, 1, 0, 11]]),
//         "fourDigits": (4, ["no", "yes"], [[95, 5], [17, 33]]),
//     }
//     for name, (digits, classes, counts) in CASES.items():
//         true = [t for t, row in enumerate(counts) for n in row for _ in range(n)]
//         predicted = [p for row in counts for p, n in enumerate(row) for _ in range(n)]
//         text = classification_report(
//             true, predicted, labels=range(len(classes)), target_names=classes, digits=digits, zero_division=0)
//         print(f'    static let {name} = """\n' + "".join(f"        {line}".rstrip() + "\n" for line in text.split("\n")) + '        """\n')

enum ClassificationReportGolden {
    static let fashion = """
                      precision    recall  f1-score   support

         T-shirt/top       0.79      0.85      0.82      1000
             Trouser       0.99      0.96      0.97      1000
            Pullover       0.78      0.80      0.79      1000
               Dress       0.88      0.88      0.88      1000
                Coat       0.81      0.75      0.78      1000
              Sandal       0.97      0.94      0.95      1000
               Shirt       0.69      0.66      0.67      1000
             Sneaker       0.92      0.95      0.94      1000
                 Bag       0.92      0.97      0.95      1000
          Ankle boot       0.95      0.95      0.95      1000

            accuracy                           0.87     10000
           macro avg       0.87      0.87      0.87     10000
        weighted avg       0.87      0.87      0.87     10000

        """

    static let zeroDivision = """
                           precision    recall  f1-score   support

          never predicted       0.00      0.00      0.00         4
                    größe       0.64      0.78      0.70         9
        no samples at all       0.00      0.00      0.00         0
                        d       0.85      0.92      0.88        12

                 accuracy                           0.72        25
                macro avg       0.37      0.42      0.40        25
             weighted avg       0.64      0.72      0.67        25

        """

    static let fourDigits = """
                      precision    recall  f1-score   support

                  no     0.8482    0.9500    0.8962       100
                 yes     0.8684    0.6600    0.7500        50

            accuracy                         0.8533       150
           macro avg     0.8583    0.8050    0.8231       150
        weighted avg     0.8549    0.8533    0.8475       150

        """
}
