(** Differences written as differences: the values of a program at two points, as those at the first
    and changes, which are small where the points are close.

    In words: [proofs/theory/L-DIFF.md], section 2.  A change is only spoken of where it and both
    values are defined; that they are is shown by other means. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Inline Walks Rays ExactValues Quotients Along.
Import ListNotations.
Local Open Scope R_scope.

(** Where the value of an operation at the first point is, and its change to the second. *)
Record move := Move { before : nat; change : nat }.

Section Moves.
Variable zero : nat.                                   (* where the constant 0 is *)

Definition move_at (es : list move) (j : nat) : move := nth (length es - S j) es (Move 0 0).

Definition call_change (g : fn) (s d : nat) : part :=
  let half := PRow [1 # 2] [d] in
  let middle := PRow [1; 1 # 2]%Q [s; d] in
  match g with
  | Pow 2 => PMul (PAt d) (PRow [2; 1]%Q [s; d])
  | Sin => PMul (PMul (PConst 2) (PCall Sin half)) (PCall Cos middle)
  | Cos => PMul (PMul (PConst (-2)) (PCall Sin half)) (PCall Sin middle)
  | Recip => PMul (PMul (PRow [(-1)%Q] [d]) (PCall Recip (PAt s))) (PCall Recip (PRow [1; 1]%Q [s; d]))
  | _ => PIncrement g (PAt s) (PAt d)
  end.

(** Of a product, where both factors change [both]. *)
Definition product_change (A B : move) (both : part) : part :=
  if Nat.eqb (change A) zero then
    if Nat.eqb (change B) zero then PAt zero else PMul (PAt (before A)) (PAt (change B))
  else if Nat.eqb (change B) zero then PMul (PAt (change A)) (PAt (before B))
  else both.
(** Of what is a row of others. *)
Definition row_change (es : list move) (o : operation) : option part :=
  match as_row o with
  | Some (row, args, _) =>
    let ds := map (fun j => change (move_at es j)) args in
    Some (if forallb (Nat.eqb zero) ds then PAt zero else PRow row ds)
  | None => None
  end.
Definition change_rule (es : list move) (o : operation) : option part :=
  match o with
  | OConst _ => Some (PAt zero)
  | OMul a b =>
    let A := move_at es a in let B := move_at es b in
    Some (product_change A B
           (if Nat.eqb a b then PMul (PAt (change A)) (PRow [2; 1]%Q [before A; change A])
            else PAdd (PMul (PAt (change A)) (PRow [1; 1]%Q [before B; change B]))
                      (PMul (PAt (before A)) (PAt (change B)))))
  | OMax a b =>
    let A := move_at es a in let B := move_at es b in
    Some (if Nat.eqb (change A) zero && Nat.eqb (change B) zero then PAt zero
          else PAdd (PAt (change B)) (PIncrement Relu (PRow [1; -1]%Q [before A; before B])
                                                 (PRow [1; -1]%Q [change A; change B])))
  | OCall g a =>
    let A := move_at es a in
    Some (if Nat.eqb (change A) zero then PAt zero else call_change g (before A) (change A))
  | _ => row_change es o
  end.

End Moves.

(** Each operation is written again, at the first point, and after it what a [rule] says of it: a part,
    from where the operation is now and from what is known of those before it. *)
Section Written.
Variable rule : nat -> list move -> operation -> option part.
Variable vars : list move.                             (* for the variables of the program *)

Definition move_operation (es : list move) (s : list operation) (o : operation)
  : option (list operation * move) :=
  match o with
  | OVar i => match nth_error vars i with Some e => Some (s, e) | None => None end
  | _ =>
    if settled o && below (length es) (arguments o) then
      match write_maybe (rule (length s) es o) (renamed (fun j => before (move_at es j)) o :: s) with
      | (s', Some p) => Some (s', Move (length s) p)
      | _ => None
      end
    else None
  end.

(** Either a variable, or an operation whose rule gives a part. *)
Lemma move_operation_inv es s o s' e : move_operation es s o = Some (s', e) ->
  (exists i, o = OVar i /\ nth_error vars i = Some e /\ s' = s) \/
  (forall i, o <> OVar i) /\ settled o = true /\ below (length es) (arguments o) = true /\
  exists t p, rule (length s) es o = Some t /\ e = Move (length s) p /\
    written_below (S (length s)) t = true /\
    write t (renamed (fun j => before (move_at es j)) o :: s) = (s', p).
Proof.
  intros H. destruct (match o with OVar _ => true | _ => false end) eqn:Ov.
  - destruct o; try discriminate. simpl in H. left. exists i.
    destruct (nth_error vars i); inversion H; subst; auto.
  - right. split; [intros i ->; discriminate|].
    assert (K : (if settled o && below (length es) (arguments o) then
      match write_maybe (rule (length s) es o) (renamed (fun j => before (move_at es j)) o :: s) with
      | (s', Some p) => Some (s', Move (length s) p) | _ => None end else None) = Some (s', e))
      by (destruct o; try exact H; discriminate).
    clear H. destruct (settled o && below (length es) (arguments o)) eqn:B; [|discriminate].
    apply andb_prop in B; destruct B as [B1 B2]. split; auto. split; auto. unfold write_maybe in K.
    destruct (rule (length s) es o) as [t|]; [|discriminate]. cbn [length] in K.
    destruct (written_below (S (length s)) t) eqn:Wb; [|discriminate].
    destruct (write t _) as [s2 p] eqn:Ew. inversion K; subst. exists t, p. auto.
Qed.
End Written.

(** Where the operations are now, whatever the rule. *)
Record place_ok (z : list R) (u : nat -> R) (s : list operation) (a : scalar) (e : move) : Prop := PlaceOk
  { place_below : (before e < length s)%nat; other_below : (change e < length s)%nat;
    place_value : get (values z u s) (before e) = a }.
Lemma places_ok rule vars z u x c p s s' es : walk (move_operation rule vars) p s = Some (s', es) ->
  (forall i e, nth_error vars i = Some e -> place_ok z u s (nth_error x i) e) ->
  extends s s' /\ length es = length p /\ forall j, (j < length es)%nat ->
    place_ok z u s' (get (values x c p) j) (move_at es j).
Proof.
  intros E Hv.
  assert (Grows : forall s s' a e, extends s s' -> place_ok z u s a e -> place_ok z u s' a e).
  { intros s0 s1 a e X [H1 H2 H3]. pose proof (extends_length _ _ X). constructor; try lia.
    now rewrite (get_extends z u s0 s1). }
  destruct (walk_ok (move_operation rule vars) (K := unit) (Move 0 0)
    (fun p j => get (values x c p) j) (fun s _ s' _ => extends s s')
    (fun s _ a e => place_ok z u s a e)) with (s := s) (k := tt) (p := p) (s' := s') (es := es)
    as [_ K]; auto using extends_refl.
  - intros o q j J. now rewrite values_old.
  - intros s0 _ s1 _ s2 _. apply extends_trans.
  - intros s0 _ s1 _ a e X. now apply Grows.
  - clear E p es s'. intros p o es1 s1 _ s' e X1 L1 H1 E2. exists tt. rewrite values_new.
    destruct (move_operation_inv _ _ _ _ _ _ _ E2) as [[i [-> [Ei ->]]]|[Nv [So [B [t [q [T [-> [Wb W]]]]]]]]].
    { split; [apply extends_refl|]. simpl. apply (Grows s s1); auto. }
    set (s0 := renamed (fun j => before (move_at es1 j)) o :: s1) in *.
    destruct (write_ok z u t s0 s' q W Wb) as [Xa [La _]].
    assert (X0 : extends s1 s0) by apply extends_put. pose proof (extends_length _ _ Xa).
    assert (L0 : length s0 = S (length s1)) by reflexivity.
    split; [eapply extends_trans; eauto|]. constructor; cbn [before change]; [lia|exact La|].
    rewrite (get_extends z u s0 s') by (auto; lia). unfold s0. rewrite get_put.
    apply renamed_ok; auto. intros j J. apply (H1 j). now apply (below_ok _ (arguments o)).
Qed.

Definition moves (vars : list move) (zero : nat) := walk (move_operation (fun _ => change_rule zero) vars).

(** What a move says of an operation with the values [a] and [b] at the two points. *)
Record move_ok (z : list R) (u : nat -> R) (s : list operation) (a b : scalar) (e : move) : Prop :=
  MoveOk
  { before_below : (before e < length s)%nat;
    change_below : (change e < length s)%nat;
    before_value : get (values z u s) (before e) = a;
    change_value : forall v w d, a = Some v -> b = Some w -> get (values z u s) (change e) = Some d -> w = v + d }.

Lemma move_extends z u s s' a b e : extends s s' -> move_ok z u s a b e -> move_ok z u s' a b e.
Proof.
  intros X [H1 H2 H3 H4]. pose proof (extends_length _ _ X). constructor; try lia.
  - now rewrite (get_extends z u s s').
  - intros v w d. rewrite (get_extends z u s s') by auto. auto.
Qed.

Lemma moves_extends vars zero p : forall s s' es, moves vars zero p s = Some (s', es) -> extends s s'.
Proof.
  induction p as [|o p IH]; intros s s' es E; simpl in E.
  - inversion E. apply extends_refl.
  - fold (moves vars zero p s) in E. destruct (moves vars zero p s) as [[s1 es1]|] eqn:E1; [|discriminate].
    destruct (move_operation _ vars es1 s1 o) as [[s2 e2]|] eqn:E2; [|discriminate]. inversion E; subst.
    eapply extends_trans; [eapply IH; exact E1|]. apply move_operation_inv in E2.
    destruct E2 as [[i [_ [_ ->]]]|[_ [_ [_ [t [q [_ [_ [B W]]]]]]]]]; [apply extends_refl|].
    destruct (write_ok [] (fun _ => 0) t (renamed (fun j => before (move_at es1 j)) o :: s1) s' q W B) as [X _].
    eapply extends_trans; [apply extends_put|exact X].
Qed.

Lemma row_of_zeros m zero ds : get m zero = Some 0 -> forallb (Nat.eqb zero) ds = true ->
  forall row, dot row (map (get m) ds) 0 = Some 0.
Proof.
  intros Z0. induction ds as [|p ps IH]; intros Z [|k row]; simpl; auto.
  simpl in Z. apply andb_prop in Z; destruct Z as [Z1%Nat.eqb_eq Z2]. subst p.
  rewrite (IH Z2 row), Z0. simpl. f_equal. ring.
Qed.

Section Rule.
Variables (z : list R) (u : nat -> R) (s : list operation).
Variables (zero : nat) (es : list move) (src dst : list scalar).
Notation m := (values z u s).
Hypothesis zero_ok : get m zero = Some 0.
Hypothesis entries : forall j, (j < length es)%nat -> move_ok z u s (get src j) (get dst j) (move_at es j).

Lemma call_change_ok g a d v w x t : call g a = Some v -> call g (a + x) = Some w ->
  get m d = Some a -> forall p, get m p = Some x -> is_value m (call_change g d p) t -> w = v + t.
Proof.
  intros V W D p P I.
  assert (Inc : is_value m (PIncrement g (PAt d) (PAt p)) t -> w = v + t).
  { intros [a' [x' [A [X E]]]]. simpl in A, X. rewrite D in A. rewrite P in X. inversion A; inversion X; subst a' x'.
    unfold increment in E. rewrite V, W in E. simpl in E. inversion E. ring. }
  assert (H12 : Q2R (1 # 2) = / 2) by (unfold Q2R; simpl; lra).
  assert (H2 : Q2R 2 = 2) by (unfold Q2R; simpl; lra).
  assert (Hm2 : Q2R (-2) = -2) by (unfold Q2R; simpl; lra).
  unfold call in *. destruct g as [| | | | | | | | | |n]; try (now apply Inc).
  - (* sin *)
    destruct I as [q [r [[q1 [q2 [Q1 [[h [Hh Q2]]->]]]] [[k [K R]] ->]]]]. simpl in *. rewrite P in Hh. rewrite D, P in K.
    simpl in *. inversion Hh; inversion K; inversion Q2; inversion R; inversion V; inversion W; subst.
    rewrite H12, H2, Q2R_one. replace (a + x) with ((a + x / 2) + x / 2) by field.
    replace (sin a) with (sin ((a + x / 2) - x / 2)) by (f_equal; field).
    replace (/ 2 * x + 0) with (x / 2) by field. rewrite ?Rmult_1_l.
    rewrite sin_plus, sin_minus. ring.
  - (* cos *)
    destruct I as [q [r [[q1 [q2 [Q1 [[h [Hh Q2]]->]]]] [[k [K R]] ->]]]]. simpl in *. rewrite P in Hh. rewrite D, P in K.
    simpl in *. inversion Hh; inversion K; inversion Q2; inversion R; inversion V; inversion W; subst.
    rewrite H12, Hm2, Q2R_one. replace (a + x) with ((a + x / 2) + x / 2) by field.
    replace (cos a) with (cos ((a + x / 2) - x / 2)) by (f_equal; field).
    replace (/ 2 * x + 0) with (x / 2) by field. rewrite ?Rmult_1_l.
    rewrite cos_plus, cos_minus. ring.
  - (* recip *)
    destruct I as [q [r [[q1 [q2 [Q1 [[h [Hh Q2]]->]]]] [[k [K R]] ->]]]]. simpl in *. rewrite P in Q1. rewrite D in Hh.
    rewrite D, P in K. simpl in *. unfold call in Q2, R. simpl in Q2, R.
    destruct (Req_EM_T a 0) as [|Na]; [discriminate|]. destruct (Req_EM_T (a + x) 0) as [|Nx]; [discriminate|].
    inversion Hh; subst h. inversion K; subst k. rewrite Q2R_one in *.
    replace (1 * a + (1 * x + 0)) with (a + x) in R by ring.
    destruct (Req_EM_T a 0) as [|_] in Q2; [contradiction|]. destruct (Req_EM_T (a + x) 0) as [|_] in R; [contradiction|].
    inversion Q1; inversion Q2; inversion R; inversion V; inversion W; subst. rewrite Q2R_m1. field. auto.
  - (* powers *)
    destruct n as [|[|[|n]]]; try (now apply Inc).
    destruct I as [q [r [Q1 [R ->]]]]. simpl in Q1, R. rewrite P in Q1. rewrite D, P in R. simpl in *.
    inversion Q1; inversion R; inversion V; inversion W; subst. rewrite H2, Q2R_one. ring.
Qed.

Lemma change_rule_ok x y c o t v w d : below (length es) (arguments o) = true -> (forall i, o <> OVar i) ->
  change_rule zero es o = Some t -> operate x c src o = Some v -> operate y c dst o = Some w ->
  is_value m t d -> w = v + d.
Proof.
  intros B N Hr V W I.
  assert (Bi : forall j, In j (arguments o) -> (j < length es)%nat) by (intros; now apply (below_ok _ (arguments o))).
  assert (E : forall j, In j (arguments o) -> move_ok z u s (get src j) (get dst j) (move_at es j)) by auto.
  assert (Row : forall row args bias, as_row o = Some (row, args, bias) ->
    Some (if forallb (Nat.eqb zero) (map (fun j => change (move_at es j)) args) then PAt zero
          else PRow row (map (fun j => change (move_at es j)) args)) = Some t -> w = v + d).
  { intros row args bias A Kt. destruct (as_row_ok x c src o row args bias v A V) as [D1 Ea].
    destruct (as_row_ok y c dst o row args bias w A W) as [D2 _]. inversion Kt; subst t; clear Kt.
    set (ds := map (fun j => change (move_at es j)) args) in *.
    assert (I' : dot row (map (get m) ds) 0 = Some d).
    { destruct (forallb (Nat.eqb zero) ds) eqn:Z; [|exact I]. simpl in I. rewrite zero_ok in I.
      inversion I; subst d. now apply (row_of_zeros _ zero). }
    rewrite Ea in E. clear I Hr A Ea Bi B N V W. unfold ds in I'. clear ds. revert args v w d E D1 D2 I'.
    induction row as [|k row IH]; intros [|j args] v w d E D1 D2 I; simpl in D1, D2, I;
      try (inversion D1; inversion D2; inversion I; subst; ring).
    destruct (get src j) as [a|] eqn:A; [|discriminate]. destruct (get dst j) as [b|] eqn:Bj; [|discriminate].
    destruct (get m (change (move_at es j))) as [e|] eqn:Ej; [|discriminate].
    destruct (dot row (map (get src) args) _) as [v'|] eqn:V'; [|discriminate].
    destruct (dot row (map (get dst) args) _) as [w'|] eqn:W'; [|discriminate].
    destruct (dot row (map (get m) _) _) as [d'|] eqn:D'; [|discriminate].
    simpl in D1, D2, I. inversion D1; inversion D2; inversion I; subst.
    rewrite (change_value _ _ _ _ _ _ (E j (or_introl eq_refl)) a b e A Bj Ej).
    rewrite (IH args v' w' d'); auto; [ring|]. intros i Ii. apply E. now right. }
  destruct o; try (eapply Row; [reflexivity|exact Hr]); try discriminate; simpl in *; clear Row;
    unfold product_change in *.
  - inversion Hr; subst t. simpl in I. rewrite zero_ok in I. inversion I; inversion V; inversion W; subst. ring.
  - (* products *)
    destruct (lift2_some _ _ _ _ V) as [a1 [b1 [A1 [B1 E1]]]]. destruct (lift2_some _ _ _ _ W) as [a2 [b2 [A2 [B2 E2]]]].
    inversion E1; inversion E2; subst v w; clear E1 E2. inversion Hr; subst t; clear Hr.
    pose proof (E a (or_introl eq_refl)) as [_ _ Ha Ca]. pose proof (E b (or_intror (or_introl eq_refl))) as [_ _ Hb Cb].
    rewrite A1 in Ha. rewrite B1 in Hb.
    assert (Za : change (move_at es a) = zero -> a2 = a1) by (intros Zc; rewrite (Ca a1 a2 0); auto; [ring|now rewrite Zc]).
    assert (Zb : change (move_at es b) = zero -> b2 = b1) by (intros Zc; rewrite (Cb b1 b2 0); auto; [ring|now rewrite Zc]).
    destruct (Nat.eqb_spec (change (move_at es a)) zero) as [Ea|_].
    { rewrite (Za Ea). destruct (Nat.eqb_spec (change (move_at es b)) zero) as [Eb|_].
      - rewrite (Zb Eb). simpl in I. rewrite zero_ok in I. inversion I. ring.
      - destruct I as [p [q [P [Q ->]]]]. simpl in P, Q. rewrite Ha in P. inversion P; subst p.
        rewrite (Cb b1 b2 q); auto. ring. }
    destruct (Nat.eqb_spec (change (move_at es b)) zero) as [Eb|_].
    { rewrite (Zb Eb). destruct I as [p [q [P [Q ->]]]]. simpl in P, Q. rewrite Hb in Q. inversion Q; subst q.
      rewrite (Ca a1 a2 p); auto. ring. }
    destruct (Nat.eqb_spec a b) as [->|_].
    { destruct I as [p [q [P [Q ->]]]]. simpl in P, Q. rewrite Hb, P in Q. simpl in Q. inversion Q; subst q.
      rewrite A1 in B1. rewrite A2 in B2. inversion B1; inversion B2; subst b1 b2.
      rewrite (Ca a1 a2 p), Q2R_one; auto. replace (Q2R 2) with 2 by (unfold Q2R; simpl; lra). ring. }
    destruct I as [p [q [[p1 [p2 [P1 [P2 ->]]]] [[q1 [q2 [Q1 [Q2 ->]]]] ->]]]]. simpl in P1, P2, Q1, Q2.
    rewrite Ha in Q1. inversion Q1; subst q1. rewrite Hb, Q2 in P2. simpl in P2. inversion P2; subst p2.
    rewrite (Ca a1 a2 p1), (Cb b1 b2 q2), Q2R_one; auto. ring.
  - (* maxima *)
    destruct (lift2_some _ _ _ _ V) as [a1 [b1 [A1 [B1 E1]]]]. destruct (lift2_some _ _ _ _ W) as [a2 [b2 [A2 [B2 E2]]]].
    inversion E1; inversion E2; subst v w; clear E1 E2. inversion Hr; subst t; clear Hr.
    pose proof (E a (or_introl eq_refl)) as [_ _ Ha Ca]. pose proof (E b (or_intror (or_introl eq_refl))) as [_ _ Hb Cb].
    rewrite A1 in Ha. rewrite B1 in Hb.
    destruct (Nat.eqb (change (move_at es a)) zero && Nat.eqb (change (move_at es b)) zero) eqn:Z.
    { apply andb_prop in Z; destruct Z as [Za%Nat.eqb_eq Zb%Nat.eqb_eq]. simpl in I. rewrite zero_ok in I. inversion I.
      rewrite (Ca a1 a2 0), (Cb b1 b2 0), !Rplus_0_r; auto; now rewrite ?Za, ?Zb. }
    destruct I as [p [q [P [[s1 [s2 [S1 [S2 Q]]]] ->]]]]. simpl in P, S1, S2. rewrite Ha, Hb in S1. rewrite P in S2.
    destruct (get m (change (move_at es a))) as [da|] eqn:Da; [|discriminate]. simpl in S1, S2.
    inversion S1; inversion S2; subst s1 s2. rewrite Q2R_one, Q2R_m1 in Q.
    rewrite (Ca a1 a2 da), (Cb b1 b2 p); auto. unfold increment, call in Q. simpl in Q. inversion Q.
    unfold Rmax. repeat destruct Rle_dec; lra.
  - (* functions *)
    destruct (lift1_some _ _ _ V) as [a1 [A1 E1]]. destruct (lift1_some _ _ _ W) as [a2 [A2 E2]].
    inversion Hr; subst t; clear Hr. pose proof (E a (or_introl eq_refl)) as [_ _ Ha Ca]. rewrite A1 in Ha.
    destruct (Nat.eqb_spec (change (move_at es a)) zero) as [Z|_].
    { simpl in I. rewrite zero_ok in I. inversion I; subst d.
      assert (a2 = a1) as -> by (rewrite (Ca a1 a2 0); auto; [ring|now rewrite Z]).
      rewrite E1 in E2. inversion E2. ring. }
    assert (exists e, get m (change (move_at es a)) = Some e) as [e De].
    { destruct (get m (change (move_at es a))) as [e|] eqn:De; [eauto|]. exfalso. clear -I De Ha.
      destruct g as [| | | | | | | | | |[|[|[|n]]]]; simpl in I; rewrite ?De, ?Ha in I; simpl in I;
        repeat match goal with H : _ /\ _ |- _ => destruct H | H : exists _, _ |- _ => destruct H end; discriminate. }
    apply (call_change_ok g a1 (before (move_at es a)) v w e d E1) with (p := change (move_at es a)); auto.
    rewrite <- (Ca a1 a2 e); auto.
Qed.
End Rule.

Section Sound.
Variables (z : list R) (u : nat -> R).
Variables (x y : list R) (c : nat -> R).               (* the program's variables at the two points *)
Variable vars : list move.
Variable zero : nat.

Theorem moves_ok p s s' es : moves vars zero p s = Some (s', es) ->
  (zero < length s)%nat -> get (values z u s) zero = Some 0 ->
  (forall i e, nth_error vars i = Some e -> move_ok z u s (nth_error x i) (nth_error y i) e) ->
  extends s s' /\ length es = length p /\ forall j, (j < length es)%nat ->
    move_ok z u s' (get (values x c p) j) (get (values y c p) j) (move_at es j).
Proof.
  intros E Z Z0 Hv.
  destruct (walk_ok (move_operation (fun _ => change_rule zero) vars) (K := unit) (Move 0 0)
    (fun p j => (get (values x c p) j, get (values y c p) j)) (fun s _ s' _ => extends s s')
    (fun s _ a e => move_ok z u s (fst a) (snd a) e)) with (s := s) (k := tt) (p := p) (s' := s') (es := es)
    as [_ K]; auto using extends_refl.
  - intros o q j J. now rewrite !values_old.
  - intros s0 _ s1 _ s2 _. apply extends_trans.
  - intros s0 _ s1 _ a e X. now apply move_extends.
  - clear E p es s'. intros p o es1 s1 _ s' e X1 L1 H1 E2. exists tt. cbn [fst snd] in *.
    rewrite !values_new. pose proof (extends_length _ _ X1) as Ls.
    set (src := values x c p) in *. set (dst := values y c p) in *.
    change (forall j, (j < length es1)%nat -> move_ok z u s1 (get src j) (get dst j) (move_at es1 j)) in H1.
    destruct (move_operation_inv _ _ _ _ _ _ _ E2) as [[i [-> [Ei ->]]]|[Nv [So [B [t [q [T [-> [Wb W]]]]]]]]].
    { split; [apply extends_refl|]. simpl. apply (move_extends z u s s1 _ _ e X1). now apply Hv. }
    set (s0 := renamed (fun j => before (move_at es1 j)) o :: s1) in *.
    destruct (write_ok z u t s0 s' q W Wb) as [Xa [La Va]].
    assert (X0 : extends s1 s0) by apply extends_put. pose proof (extends_length _ _ Xa).
    assert (L0 : length s0 = S (length s1)) by reflexivity.
    split; [eapply extends_trans; eauto|]. constructor; cbn [before change].
    + lia.
    + exact La.
    + rewrite (get_extends z u s0 s') by (auto; lia). unfold s0. rewrite get_put.
      apply renamed_ok; auto. intros j J. apply (H1 j). now apply (below_ok _ (arguments o)).
    + intros v w d V W1 G.
      apply (change_rule_ok z u s0 zero es1 src dst) with (x := x) (y := y) (c := c (length p)) (o := o) (t := t); auto.
      * rewrite (get_extends z u s s0); auto. eapply extends_trans; eauto.
      * intros j J. apply (move_extends z u s1 s0); auto.
Qed.
End Sound.
