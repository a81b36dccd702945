# explain.bash - small tables for the tests of fdml-explain. Sourced.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

# credit_table [ROWS]: credit.csv, a made-up bank. Who is good follows from income, debt and
# job; of group B the relation to debt is another one, so that a linear explanation is less
# faithful to a network for B. Columns: income, debt, age, job, sex, race, good.
credit_table()
{
    python3 - "${1:-600}" <<'END'
import random, sys
r = random.Random(7)
with open("credit.csv", "w") as file:
    file.write("income,debt,age,job,sex,race,good\n")
    for i in range(int(sys.argv[1])):
        sex, race = r.choice("MF"), r.choice(["A", "A", "B"])
        income, debt, age = r.gauss(50, 12), r.gauss(10, 4), r.randint(18, 80)
        job = r.choice(["sales", "tech", "care"])
        score = (income - 50) / 12 + (0.5 if job == "tech" else 0)
        score += -(debt - 10) / 4 if race == "A" else ((debt - 10) / 4) ** 2 - 1
        good = "yes" if score + r.gauss(0, 0.5) > 0 else "no"
        file.write(f"{income:.2f},{debt:.2f},{age},{job},{sex},{race},{good}\n")
END
}

# audit OPTIONS...: a quick one of credit.csv
audit()
{
    run fdml-explain credit.csv --target good --group race --seeds 1 --bootstrap 100 --permutations 100 \
        --quiet "$@"
}
