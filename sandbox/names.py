"""Give names as real lists have them: accents, apostrophes, hyphens, two surnames, one name, none."""

from __future__ import annotations

FIRST_NAMES = """
James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard
Susan Joseph Jessica Thomas Sarah Christopher Karen Charles Lisa Daniel Nancy Matthew Betty
Anthony Sandra Mark Margaret Donald Ashley Steven Kimberly Andrew Emily Paul Donna Joshua
Michelle Kenneth Carol Kevin Amanda Brian Melissa Timothy Deborah Ronald Stephanie Jason Rebecca
George Sharon Edward Laura Jeffrey Cynthia Ryan Dorothy Jacob Amy Nicholas Kathleen Gary Angela
Eric Shirley Jonathan Emma Stephen Brenda Larry Pamela Justin Nicole Scott Anna Brandon Samantha
Benjamin Katherine Samuel Christine Gregory Debra Alexander Rachel Patrick Carolyn Frank Janet
Raymond Maria Jack Olivia Dennis Heather Jerry Helen Tyler Catherine Aaron Diane José Sofía Luis
Camila Carlos Valentina Jesús Lucía Miguel Ximena Ángel Guadalupe Juan Martín Inés Raúl Núria
Zoë Chloé Renée Noémie Étienne François Hélène Geneviève Benoît Mathéo Aisha Mohammed Fatima
Omar Layla Yusuf Wei Mei Jun Li-Hua Hiroshi Yuki Kenji Minh Linh Thu Priya Arjun Ananya Rohan
Deepika Ravi Oluwaseun Chidi Amara Kwame Nia Darnell Keisha LaToya DeShawn D'Andre Ke'Asia
Mary-Jane Jean-Luc Anne-Marie Billie-Jo Siobhán Björn Søren Małgorzata Dvora Jürgen Ólafur Ngọc
Ahmed Ivan Olga Dmitri Leilani Keoni Kai
"""

LAST_NAMES = """
Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez
Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark
Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams
Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker
Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper
Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James
Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez
O'Brien O'Connor O'Neill D'Angelo D'Souza N'Diaye McDonald MacLeod McCarthy St.Clair DeLuca DiMaggio
VanBuren Nuñez Peña Muñoz Ibáñez Gutiérrez Hernández Côté Lefèbvre Bélanger Gagné Thériault Lévesque
Müller Schröder Kowalski Nowak Wiśniewski Ivanov Petrov Haddad Khan Ali Hussain Chen Wang Liu Zhang
Huang Yang Singh Kaur Sharma Gupta Tanaka Suzuki Watanabe Park Choi Tran Pham Lê Okafor Adeyemi
Mensah Diallo Kealoha Begaye Yazzie Whitehorse Bjørnsen Sørensen Þórsson Smith-Jones Taylor-Green
García-López Lloyd-Webber Ali-Hassan Baptiste-Moreau
"""

TWO_SURNAMES = (
    "García Márquez", "de la Cruz", "Vargas Llosa", "van der Berg", "Ruiz Zafón", "Del Toro Gómez", "von Trapp",
    "Abd al-Rahman",
)  # fmt: skip

LONG = (
    ("Wolfeschlegelsteinhausenberger", "Featherstonehaugh-Cholmondeley-Marjoribanks"),
    ("Maria Guadalupe de los Ángeles Concepción", "Fernández de Córdoba y Ponce de León"),
    ("Keihanaikukauakahihuliheekahaunaele", "Kamakawiwoʻole"),
)

STREET_NAMES = """
Main Oak Pine Maple Cedar Elm Washington Lake Hill Walnut Spring North Ridge Church Willow Mill
Sunset Railroad Jefferson Center Highland Forest Jackson River Park Lincoln Meadow Cherry Franklin
Broadway Lexington Juniper Magnolia Sycamore Chestnut Madison Dogwood Hickory Laurel
"""

KINDS = ("St", "Ave", "Rd", "Dr", "Ln", "Blvd", "Ct", "Way", "Pl", "Ter")

MAIL_HOSTS = (
    "example.com", "example.org", "example.net", "mail.example.com", "post.example.org", "inbox.example.net",
)  # fmt: skip

FIRST = FIRST_NAMES.split()
LAST = LAST_NAMES.split()
STREETS = STREET_NAMES.split()
