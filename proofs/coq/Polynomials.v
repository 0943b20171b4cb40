(** Polynomials of degree 1 and 2 with interval coefficients, and symbols.

    On a box [x_i = m_i + r_i d_i] with [d_i] in [-1, 1].  A polynomial describes a number [v] if
    there are coefficients in its intervals with

      [v = c + sum_i g_i d_i + sum_k a_k s_k + sum_(i <= j) h_ij d_i d_j].

    The symbols [s_k] are unknown numbers in [-1, 1], the same for all polynomials of a box; errors
    without a name are in the interval of [c].  So a rule is an identity over the reals and the
    containment of its coefficients; rounding plays no part of its own. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Intervals Arithmetic Elementary.
Import ListNotations.
Local Open Scope R_scope.

(** * Linear and quadratic forms, missing coefficients being 0 *)

Inductive linear : list R -> list interval -> R -> Prop :=
| linear_nil d : linear d [] 0
| linear_cons i r x d g v :
  contains i r -> linear d g v -> linear (x :: d) (i :: g) (r * x + v).

(** Row [i] has the coefficients [h_ii, h_i(i+1), ...]. *)
Inductive quadratic : list R -> list (list interval) -> R -> Prop :=
| quadratic_nil d : quadratic d [] 0
| quadratic_cons x d row h u v :
  linear (x :: d) row u -> quadratic d h v -> quadratic (x :: d) (row :: h) (x * u + v).

(** Symbols are few: pairs of their number, below [n] and ascending, and coefficient. *)
Inductive symbolic (s : nat -> R) (n : nat) : list (nat * interval) -> R -> Prop :=
| symbolic_nil : symbolic s n [] 0
| symbolic_cons k i r a v : (k < n)%nat ->
  contains i r -> symbolic s n a v -> symbolic s n ((k, i) :: a) (r * s k + v).

Lemma linear_eq d g u v : linear d g u -> u = v -> linear d g v.
Proof. now intros ? <-. Qed.
Lemma quadratic_eq d g u v : quadratic d g u -> u = v -> quadratic d g v.
Proof. now intros ? <-. Qed.
Lemma symbolic_eq s n a u v : symbolic s n a u -> u = v -> symbolic s n a v.
Proof. now intros ? <-. Qed.

Fixpoint pairwise {A} (f : A -> A -> A) (s t : list A) : list A :=
  match s, t with
  | [], t => t
  | s, [] => s
  | a :: s', b :: t' => f a b :: pairwise f s' t'
  end.

Lemma linear_add d g u : linear d g u -> forall h v, linear d h v ->
  linear d (pairwise sum g h) (u + v).
Proof.
  induction 1 as [|i r x d g u C H IH]; intros h v K.
  - apply (linear_eq _ _ v); [destruct h; exact K|ring].
  - inversion K as [|j q y d' h' v' C' K']; subst; simpl.
    + apply (linear_eq _ _ (r * x + u)); [now constructor|ring].
    + apply (linear_eq _ _ ((r + q) * x + (u + v'))); [|ring].
      constructor; [now apply sum_ok|now apply IH].
Qed.
Lemma linear_map f k d g u : (forall i r, contains i r -> contains (f i) (k * r)) ->
  linear d g u -> linear d (map f g) (k * u).
Proof.
  intros F. induction 1; simpl.
  - apply (linear_eq _ _ 0); [constructor|ring].
  - apply (linear_eq _ _ (k * r * x + k * v)); [constructor; auto|ring].
Qed.

Lemma quadratic_add d g u : quadratic d g u -> forall h v, quadratic d h v ->
  quadratic d (pairwise (pairwise sum) g h) (u + v).
Proof.
  induction 1 as [|x d row g u w C H IH]; intros h v K.
  - apply (quadratic_eq _ _ v); [destruct h; exact K|ring].
  - inversion K as [|y d' row' h' u' v' C' K']; subst; simpl.
    + apply (quadratic_eq _ _ (x * u + w)); [now constructor|ring].
    + apply (quadratic_eq _ _ (x * (u + u') + (w + v'))); [|ring].
      constructor; [now apply linear_add|now apply IH].
Qed.
Lemma quadratic_map f k d g u : (forall i r, contains i r -> contains (f i) (k * r)) ->
  quadratic d g u -> quadratic d (map (map f) g) (k * u).
Proof.
  intros F. induction 1; simpl.
  - apply (quadratic_eq _ _ 0); [constructor|ring].
  - apply (quadratic_eq _ _ (x * (k * u) + k * v)); [|ring].
    constructor; auto. now apply linear_map.
Qed.

Fixpoint merge (a : list (nat * interval)) : list (nat * interval) -> list (nat * interval) :=
  match a with
  | [] => fun b => b
  | (i, x) :: a' =>
    fix onto (b : list (nat * interval)) : list (nat * interval) :=
      match b with
      | [] => a
      | (j, y) :: b' =>
        if Nat.ltb i j then (i, x) :: merge a' b
        else if Nat.ltb j i then (j, y) :: onto b'
        else (i, sum x y) :: merge a' b'
      end
  end.
Lemma merge_ok s n a u : symbolic s n a u -> forall b v, symbolic s n b v ->
  symbolic s n (merge a b) (u + v).
Proof.
  induction 1 as [|i x r a u L C H IH]; intros b v K.
  - apply (symbolic_eq _ _ _ v); [exact K|ring].
  - induction K as [|j y q b v L' C' K IH'].
    + apply (symbolic_eq _ _ _ (r * s i + u)); [now constructor|ring].
    + simpl. destruct (Nat.ltb_spec i j) as [_|G].
      { apply (symbolic_eq _ _ _ (r * s i + (u + (q * s j + v)))); [|ring].
        constructor; auto. apply IH. now constructor. }
      destruct (Nat.ltb_spec j i) as [_|G'].
      { apply (symbolic_eq _ _ _ (q * s j + (r * s i + u + v))); [|ring]. now constructor. }
      assert (i = j) by lia. subst j.
      apply (symbolic_eq _ _ _ ((r + q) * s i + (u + v))); [|ring].
      constructor; auto. now apply sum_ok.
Qed.
Definition on_symbols (f : interval -> interval) : list (nat * interval) -> list (nat * interval) :=
  map (fun ki => (fst ki, f (snd ki))).
Lemma symbolic_map f k s n a u : (forall i r, contains i r -> contains (f i) (k * r)) ->
  symbolic s n a u -> symbolic s n (on_symbols f a) (k * u).
Proof.
  intros F. induction 1; simpl.
  - apply (symbolic_eq _ _ _ 0); [constructor|ring].
  - apply (symbolic_eq _ _ _ (k * r * s k0 + k * v)); [|ring]. constructor; auto.
Qed.

(** The product of two linear forms. *)
Fixpoint outer (g h : list interval) : list (list interval) :=
  match g, h with
  | a :: g', b :: h' =>
    (mul a b :: pairwise sum (map (scale a) h') (map (scale b) g')) :: outer g' h'
  | _, _ => []
  end.
Lemma outer_ok d g u : linear d g u -> forall h v, linear d h v -> quadratic d (outer g h) (u * v).
Proof.
  induction 1 as [|i r x d g u C H IH]; intros h v K.
  - apply (quadratic_eq _ _ 0); [constructor|ring].
  - inversion K as [|j q y d' h' v' C' K']; subst; simpl.
    + apply (quadratic_eq _ _ 0); [constructor|ring].
    + apply (quadratic_eq _ _ (x * (r * q * x + (r * v' + q * u)) + u * v')); [|ring].
      constructor; [|now apply IH]. constructor; [now apply mul_ok|].
      apply linear_add; apply linear_map; auto; intros; now apply scale_ok.
Qed.

(** * Bounds *)

Definition in_unit (x : R) : Prop := -1 <= x <= 1.
Definition total (g : list interval) : float := fold_right (fun i t => add_up (size i) t) 0%float g.

Lemma total_ok d g u : linear d g u -> List.Forall in_unit d ->
  exists b, upper (total g) b /\ Rabs u <= b.
Proof.
  induction 1 as [|i r x d g u C H IH]; intros D; simpl.
  - exists 0. split; [apply upper_0|rewrite Rabs_R0; lra].
  - inversion D; subst. destruct IH as [b [B U]]; auto. exists (Rabs r + b). split.
    + apply add_up_ok; auto. now apply size_ok.
    + eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
      assert (Rabs x <= 1) by (unfold in_unit in *; unfold Rabs; destruct Rcase_abs; lra).
      pose proof (Rabs_pos r). nra.
Qed.
Lemma symbolic_total s n a u : symbolic s n a u -> (forall k, in_unit (s k)) ->
  exists b, upper (total (map snd a)) b /\ Rabs u <= b.
Proof.
  induction 1 as [|k i r a u L C H IH]; intros S; simpl.
  - exists 0. split; [apply upper_0|rewrite Rabs_R0; lra].
  - destruct IH as [b [B U]]; auto. exists (Rabs r + b). split.
    + apply add_up_ok; auto. now apply size_ok.
    + eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
      assert (Rabs (s k) <= 1) by (specialize (S k); unfold in_unit in *; unfold Rabs; destruct Rcase_abs; lra).
      pose proof (Rabs_pos r). nra.
Qed.
Definition total_squares (h : list (list interval)) : float :=
  fold_right (fun row t => add_up (total row) t) 0%float h.
Lemma total_squares_ok d h u : quadratic d h u -> List.Forall in_unit d ->
  exists b, upper (total_squares h) b /\ Rabs u <= b.
Proof.
  induction 1 as [|x d row h u v C H IH]; intros D; simpl.
  - exists 0. split; [apply upper_0|rewrite Rabs_R0; lra].
  - assert (X := D). inversion D; subst. destruct IH as [b [B U]]; auto.
    destruct (total_ok _ _ _ C X) as [b' [B' U']]. exists (b' + b). split.
    + now apply add_up_ok.
    + eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
      assert (Rabs x <= 1) by (unfold in_unit in *; unfold Rabs; destruct Rcase_abs; lra).
      pose proof (Rabs_pos u). nra.
Qed.

(** The range of [u + w] for a linear and a quadratic form: half of each mixed term goes to both
    squares, and what is left is a parabola in each variable.  [carry] is what went to the squares
    of the variables to come. *)
Definition halved (i : interval) : interval :=
  balanced (mul_up 0.5 (size i)).
Lemma halved_ok i r t : contains i r -> -1 / 2 <= t <= 1 / 2 -> contains (halved i) (t * r).
Proof.
  intros C T. pose proof (Rabs_pos r). apply (balanced_ok _ _ (1 / 2 * Rabs r)).
  - apply mul_up_ok; [apply half_ok|now apply size_ok|lra|auto].
  - rewrite Rabs_mult. apply Rmult_le_compat_r; auto. unfold Rabs; destruct Rcase_abs; lra.
Qed.

Fixpoint spread (n : nat) (g : list interval) (h : list (list interval)) (carry : list interval)
  : interval :=
  match n with
  | O => zero
  | S n' =>
    let row := hd [] h in
    let mixed := map halved (tl row) in
    let own := fold_right sum (sum (hd zero row) (hd zero carry)) mixed in
    sum (parabola own (hd zero g)) (spread n' (tl g) (tl h) (pairwise sum (tl carry) mixed))
  end.

Lemma linear_split x d g u : linear (x :: d) g u ->
  exists r v, contains (hd zero g) r /\ linear d (tl g) v /\ u = r * x + v.
Proof.
  intros H. inversion H; subst; simpl; [|eauto].
  exists 0, 0. split; [apply zero_ok|split; [constructor|ring]].
Qed.
Lemma quadratic_split x d h u : quadratic (x :: d) h u ->
  exists v w, linear (x :: d) (hd [] h) v /\ quadratic d (tl h) w /\ u = x * v + w.
Proof.
  intros H. inversion H; subst; simpl; [|eauto].
  exists 0, 0. split; [constructor|split; [constructor|ring]].
Qed.
Lemma product_to_squares x y : exists t, -1 / 2 <= t <= 1 / 2 /\ x * y = t * (x * x + y * y).
Proof.
  destruct (Req_dec (x * x + y * y) 0) as [Z|N].
  - exists 0. split; [lra|]. assert (x = 0) by nra. subst; ring.
  - exists (x * y / (x * x + y * y)). assert (P : 0 < x * x + y * y) by nra. split; [|field; auto].
    assert (0 <= (x - y) * (x - y)) by apply Rle_0_sqr.
    assert (0 <= (x + y) * (x + y)) by apply Rle_0_sqr.
    split; (apply Rmult_le_reg_r with (x * x + y * y); auto); unfold Rdiv;
      rewrite (Rmult_assoc (x * y)), Rinv_l by lra; lra.
Qed.
Lemma mixed_to_squares d g v : linear d g v -> forall x acc a, contains acc a ->
  exists t w, contains (fold_right sum acc (map halved g)) (a + t) /\
    linear (map (fun y => y * y) d) (map halved g) w /\ x * v = t * (x * x) + w.
Proof.
  induction 1 as [|i r y d g v C H IH]; intros x acc a A; simpl.
  - exists 0, 0. split; [|split]; [now rewrite Rplus_0_r|constructor|ring].
  - destruct (IH x acc a A) as [t [w [T [W E]]]].
    destruct (product_to_squares x y) as [q [Q P]].
    exists (q * r + t), (q * r * (y * y) + w). split; [|split].
    + replace (a + (q * r + t)) with (q * r + (a + t)) by ring. apply sum_ok; auto. now apply halved_ok.
    + constructor; auto. now apply halved_ok.
    + replace (x * (r * y + v)) with (r * (x * y) + x * v) by ring. rewrite P, E. ring.
Qed.

Lemma spread_ok n : forall d g h carry u v w, length d = n -> List.Forall in_unit d ->
  linear d g u -> quadratic d h v -> linear (map (fun y => y * y) d) carry w ->
  contains (spread n g h carry) (u + v + w).
Proof.
  induction n as [|n IH]; intros [|x d] g h carry u v w L D G H A; try discriminate; simpl.
  - inversion G; inversion H; inversion A; subst. replace (0 + 0 + 0) with 0 by ring. apply zero_ok.
  - inversion D; subst.
    destruct (linear_split _ _ _ _ G) as [r [u' [R1 [R2 ->]]]].
    destruct (quadratic_split _ _ _ _ H) as [z [v' [Q1 [Q2 ->]]]].
    destruct (linear_split _ _ _ _ A) as [k [w' [K1 [K2 ->]]]].
    destruct (linear_split _ _ _ _ Q1) as [e [z' [E1 [E2 ->]]]].
    destruct (mixed_to_squares _ _ _ E2 x _ _ (sum_ok _ _ _ _ E1 K1)) as [t [o [T [O Eq]]]].
    replace (r * x + u' + (x * (e * x + z') + v') + (k * (x * x) + w')) with
      ((r * x + (e + k + t) * (x * x)) + (u' + v' + (w' + o)))
      by (replace (x * (e * x + z')) with (e * (x * x) + x * z') by ring; rewrite Eq; ring).
    apply sum_ok; [now apply parabola_ok|]. apply (IH d); auto. now apply linear_add.
Qed.

(** * Polynomials *)

Record poly := Poly
  { centre : interval; slopes : list interval; symbols : list (nat * interval);
    squares : list (list interval) }.

Record describes (d : list R) (s : nat -> R) (n : nat) (p : poly) (v : R) : Prop := Describes
  { parts : exists c u w q, contains (centre p) c /\ linear d (slopes p) u /\
      symbolic s n (symbols p) w /\ quadratic d (squares p) q /\ v = c + u + w + q }.

Definition constant (i : interval) : poly := Poly i [] [] [].
Definition plus (p q : poly) : poly :=
  Poly (sum (centre p) (centre q)) (pairwise sum (slopes p) (slopes q))
    (merge (symbols p) (symbols q)) (pairwise (pairwise sum) (squares p) (squares q)).
Definition each (f : interval -> interval) (p : poly) : poly :=
  Poly (f (centre p)) (map f (slopes p)) (on_symbols f (symbols p)) (map (map f) (squares p)).
Definition times (w : interval) : poly -> poly := each (scale w).
Definition opposite : poly -> poly := each neg.
Definition minus (p q : poly) : poly := plus p (opposite q).
Definition shifted (i : interval) (p : poly) : poly :=
  Poly (sum i (centre p)) (slopes p) (symbols p) (squares p).

(** [n] is the number of variables. *)
Definition moving (n : nat) (p : poly) : interval :=
  match squares p with
  | [] => balanced (total (slopes p))
  | _ => spread n (slopes p) (squares p) []
  end.
Definition poly_range (n : nat) (p : poly) : interval :=
  sum (sum (centre p) (balanced (total (map snd (symbols p))))) (moving n p).

Section Rules.
Variables (d : list R) (s : nat -> R) (n : nat).
Hypotheses (D : List.Forall in_unit d) (S : forall k, in_unit (s k)).
Notation is p v := (describes d s n p v).

Lemma constant_ok i v : contains i v -> is (constant i) v.
Proof. intros C. constructor. exists v, 0, 0, 0. simpl.
  split; [exact C|split; [constructor|split; [constructor|split; [constructor|ring]]]]. Qed.
Lemma plus_ok p q u v : is p u -> is q v -> is (plus p q) (u + v).
Proof.
  intros [(c & l & a & h & C & L & A & H & ->)] [(c' & l' & a' & h' & C' & L' & A' & H' & ->)].
  constructor. exists (c + c'), (l + l'), (a + a'), (h + h'). simpl.
    split; [|split; [|split; [|split]]].
  - now apply sum_ok. - now apply linear_add. - now apply merge_ok. - now apply quadratic_add. - ring.
Qed.
Lemma each_ok f k p v : (forall i r, contains i r -> contains (f i) (k * r)) ->
  is p v -> is (each f p) (k * v).
Proof.
  intros F [(c & l & a & h & C & L & A & H & ->)].
  constructor. exists (k * c), (k * l), (k * a), (k * h). simpl.
  split; [auto|split; [|split; [|split]]].
  - now apply linear_map. - now apply symbolic_map. - now apply quadratic_map. - ring.
Qed.
Lemma times_ok w k p v : contains w k -> is p v -> is (times w p) (k * v).
Proof. intros W. apply each_ok. intros; now apply scale_ok. Qed.
Lemma opposite_ok p v : is p v -> is (opposite p) (- v).
Proof.
  intros H. replace (- v) with (-1 * v) by ring. apply each_ok; auto.
  intros. replace (-1 * r) with (- r) by ring. now apply neg_ok.
Qed.
Lemma minus_ok p q u v : is p u -> is q v -> is (minus p q) (u - v).
Proof. intros. apply plus_ok; auto. now apply opposite_ok. Qed.
Lemma shifted_ok i k p v : contains i k -> is p v -> is (shifted i p) (k + v).
Proof.
  intros K [(c & l & a & h & C & L & A & H & ->)]. constructor. exists (k + c), l, a, h. simpl.
  split; [now apply sum_ok|split; [auto|split; [auto|split; [auto|ring]]]].
Qed.

Lemma poly_range_ok p v : is p v -> contains (poly_range (length d) p) v.
Proof.
  intros [(c & l & a & h & C & L & A & H & ->)]. unfold poly_range.
  replace (c + l + a + h) with (c + a + (l + h)) by ring.
  destruct (symbolic_total _ _ _ _ A S) as [b [B Bb]].
  apply sum_ok; [apply sum_ok; auto; now apply (balanced_ok _ _ b)|].
  unfold moving. destruct (squares p) eqn:E.
  - destruct (total_ok _ _ _ L D) as [b' [B' Bb']]. inversion H; subst.
    rewrite Rplus_0_r. now apply (balanced_ok _ _ b').
  - rewrite <- E in *. replace (l + h) with (l + h + 0) by ring. apply (spread_ok _ d); auto. constructor.
Qed.
End Rules.
