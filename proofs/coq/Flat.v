(** The polynomial of chunks as a list of coordinates, each with its mixed terms in order. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors Forms Quadratics.
Import ListNotations.
Local Open Scope R_scope.
Notation u := unit_roundoff.

Definition head4 (v : vec) : four * vec :=
  match v with End => (zeros, End) | Skip v => (zeros, v) | Part f v => (f, v) end.
Definition no_rows := Rows End End End End.

(** None if there are more than [n] chunks. *)
Fixpoint flat_row (n : nat) (v : vec) : option (list float) :=
  match v, n with
  | End, _ => Some []
  | _, O => None
  | Skip v, S n =>
    match flat_row n v with Some l => Some (0 :: 0 :: 0 :: 0 :: l)%float | None => None end
  | Part f v, S n =>
    match flat_row n v with Some l => Some (f0 f :: f1 f :: f2 f :: f3 f :: l) | None => None end
  end.

Definition all_sums (a b c d e f : float) : bool :=
  finite a && finite b && (finite c && finite d) && (finite e && finite f).

Fixpoint flat (n : nat) (g : vec) (q : form) : option (list coord) :=
  match n with
  | O => match g, q with End, [] => Some [] | _, _ => None end
  | S n =>
    let '(f, g') := head4 g in
    let r := hd no_rows q in
    let '(a, ta) := head4 (r0 r) in
    let '(b, tb) := head4 (r1 r) in
    let '(c, tc) := head4 (r2 r) in
    let '(d, td) := head4 (r3 r) in
    match flat_row n ta, flat_row n tb, flat_row n tc, flat_row n td, flat n g' (tl q) with
    | Some la, Some lb, Some lc, Some ld, Some rest =>
      let m01 := (f1 a + f0 b)%float in let m02 := (f2 a + f0 c)%float in
      let m03 := (f3 a + f0 d)%float in let m12 := (f2 b + f1 c)%float in
      let m13 := (f3 b + f1 d)%float in let m23 := (f3 c + f2 d)%float in
      if all_sums m01 m02 m03 m12 m13 m23 then
        Some (Coord (point (f0 f)) (f0 a) (m01 :: m02 :: m03 :: la) ::
              Coord (point (f1 f)) (f1 b) (m12 :: m13 :: lb) ::
              Coord (point (f2 f)) (f2 c) (m23 :: lc) ::
              Coord (point (f3 f)) (f3 d) ld :: rest)
      else None
    | _, _, _, _, _ => None
    end
  end.

Fixpoint chunks (v : vec) : nat :=
  match v with End => O | Skip v => S (chunks v) | Part _ v => S (chunks v) end.
Fixpoint chunks_form (q : form) : nat :=
  match q with
  | [] => O
  | r :: q => Nat.max (Nat.max (chunks (r0 r)) (chunks (r1 r)))
      (Nat.max (Nat.max (chunks (r2 r)) (chunks (r3 r))) (S (chunks_form q)))
  end.

(** The values of the variables of [n] chunks. *)
Fixpoint values (z : nat -> R) (i n : nat) : list R :=
  match n with
  | O => []
  | S n => z i :: z (1 + i)%nat :: z (2 + i)%nat :: z (3 + i)%nat :: values z (4 + i) n
  end.
Lemma values_unit z i n : (forall k, in_unit (z k)) -> List.Forall in_unit (values z i n).
Proof. intros Z. revert i. induction n; intros i; simpl; auto. Qed.

Lemma head4_ok z i v : lin z i v = dot4 z i (fst (head4 v)) + lin z (4 + i) (snd (head4 v)).
Proof. destruct v; simpl; unfold dot4; simpl; rewrite ?toR_0; ring. Qed.
Lemma head4_total v : sum4 (fst (head4 v)) + total (snd (head4 v)) <= total v.
Proof.
  pose proof tau_pos. destruct v; simpl; unfold sum4; simpl; rewrite ?toR_0, ?Rabs_R0; try lra.
Qed.
Lemma head4_finite v : all_finite v -> all4 (fst (head4 v)).
Proof. destruct v; simpl; unfold all4; simpl; tauto. Qed.

Lemma nothing {A} (x : A) : None = Some x -> False.
Proof. discriminate. Qed.
Lemma same_some {A} (x y : A) : Some x = Some y -> x = y.
Proof. now intros [=]. Qed.
Lemma flat_row_ok z v : forall n i l, flat_row n v = Some l -> rowdot l (values z i n) = lin z i v.
Proof.
  induction v; intros n i l H; simpl in H.
  - assert (l = []) by (destruct n; inversion H; auto). subst. reflexivity.
  - destruct n; simpl in H; [destruct (nothing _ H)|]. destruct (flat_row n v) as [k|] eqn:E; [|destruct (nothing _ H)].
    apply same_some in H; subst. simpl. rewrite toR_0, (IHv _ _ _ E). simpl. ring.
  - destruct n; simpl in H; [destruct (nothing _ H)|]. destruct (flat_row n v) as [k|] eqn:E; [|destruct (nothing _ H)].
    apply same_some in H; subst. simpl. rewrite (IHv _ _ _ E). unfold dot4. simpl. ring.
Qed.

Lemma pair_sum a b x y : in_unit x -> in_unit y -> finite (a + b)%float = true ->
  Rabs (toR (a + b) * (x * y) - (toR a * (x * y) + toR b * (x * y))) <= u * (Rabs (toR a) + Rabs (toR b)).
Proof.
  intros X Y F. pose proof (plus_error a b F) as E. pose proof u_small as U.
  replace (toR (a + b) * (x * y) - (toR a * (x * y) + toR b * (x * y))) with
    ((toR (a + b) - (toR a + toR b)) * (x * y)) by ring.
  assert (P : in_unit (x * y)) by (unfold in_unit in *; nra).
  eapply Rle_trans; [apply times_unit; exact P|]. eapply Rle_trans; [exact E|].
  apply Rmult_le_compat_l; [lra|apply Rabs_triang].
Qed.

Lemma flat_ok z n : (forall k, in_unit (z k)) -> forall g q i l, flat n g q = Some l ->
  all_finite g -> exists v, formed (values z i n) l v /\ length l = length (values z i n) /\
    Rabs (v - (lin z i g + quad z i q)) <= u * total_form q.
Proof.
  intros Z. pose proof u_small as U. pose proof tau_pos as T.
  induction n as [|n IH]; intros g q i l H G.
  - simpl in H. destruct g; try (destruct (nothing _ H)). destruct q; [|destruct (nothing _ H)]. apply same_some in H; subst.
    exists 0. split; [constructor|]. split; [reflexivity|]. simpl. replace (0 - (0 + 0)) with 0 by ring.
    rewrite Rabs_R0. lra.
  - cbn [flat] in H. set (r := hd no_rows q) in *.
    pose proof (head4_ok z i g) as Hg. pose proof (head4_finite g G) as Fg.
    pose proof (head4_ok z i (r0 r)) as Ha. pose proof (head4_total (r0 r)) as Ta.
    pose proof (head4_ok z i (r1 r)) as Hb. pose proof (head4_total (r1 r)) as Tb.
    pose proof (head4_ok z i (r2 r)) as Hc. pose proof (head4_total (r2 r)) as Tc.
    pose proof (head4_ok z i (r3 r)) as Hd. pose proof (head4_total (r3 r)) as Td.
    assert (G' : all_finite (snd (head4 g))) by (destruct g; simpl in *; tauto).
    destruct (head4 g) as [f g']. destruct (head4 (r0 r)) as [a ta]. destruct (head4 (r1 r)) as [b tb].
    destruct (head4 (r2 r)) as [c tc]. destruct (head4 (r3 r)) as [d td]. cbn [fst snd] in *.
    destruct (flat_row n ta) as [la|] eqn:Ea; [|destruct (nothing _ H)].
    destruct (flat_row n tb) as [lb|] eqn:Eb; [|destruct (nothing _ H)].
    destruct (flat_row n tc) as [lc|] eqn:Ec; [|destruct (nothing _ H)].
    destruct (flat_row n td) as [ld|] eqn:Ed; [|destruct (nothing _ H)].
    destruct (flat n g' (tl q)) as [rest|] eqn:Er; [|destruct (nothing _ H)].
    destruct (all_sums _ _ _ _ _ _) eqn:S; [|destruct (nothing _ H)]. apply same_some in H; subst l.
    unfold all_sums in S. repeat (apply andb_prop in S; destruct S as [S ?]).
    repeat match goal with K : _ && _ = true |- _ => apply andb_prop in K; destruct K end.
    destruct (IH g' (tl q) (4 + i)%nat rest Er G') as [v [V [L B]]].
    set (zs := values z (4 + i) n) in *.
    pose proof (flat_row_ok z ta n (4 + i) la Ea) as Ra. pose proof (flat_row_ok z tb n (4 + i) lb Eb) as Rb.
    pose proof (flat_row_ok z tc n (4 + i) lc Ec) as Rc. pose proof (flat_row_ok z td n (4 + i) ld Ed) as Rd.
    fold zs in Ra, Rb, Rc, Rd.
    destruct Fg as (Fg0 & Fg1 & Fg2 & Fg3).
    pose proof (formed_cons (z (3 + i)%nat) zs (Coord (point (f3 f)) (f3 d) ld) _ _ _ (point_ok _ Fg3) V) as K3.
    pose proof (formed_cons (z (2 + i)%nat) _ (Coord (point (f2 f)) (f2 c) ((f3 c + f2 d)%float :: lc)) _ _ _
      (point_ok _ Fg2) K3) as K2.
    pose proof (formed_cons (z (1 + i)%nat) _ (Coord (point (f1 f)) (f1 b)
      ((f2 b + f1 c)%float :: (f3 b + f1 d)%float :: lb)) _ _ _ (point_ok _ Fg1) K2) as K1.
    pose proof (formed_cons (z i) _ (Coord (point (f0 f)) (f0 a)
      ((f1 a + f0 b)%float :: (f2 a + f0 c)%float :: (f3 a + f0 d)%float :: la)) _ _ _ (point_ok _ Fg0) K1) as K0.
    eexists. split; [exact K0|]. split; [simpl; now rewrite L|].
    cbn [bend mixed rowdot]. rewrite Ra, Rb, Rc, Rd, Hg.
    assert (Q : quad z i q = block z i r + quad z (4 + i) (tl q)).
    { destruct q; simpl; [|reflexivity]. unfold block, r. simpl. ring. }
    assert (Tq : total_rows r + total_form (tl q) <= total_form q).
    { destruct q; simpl; [|unfold r; simpl; lra]. unfold total_rows, r. simpl. lra. }
    rewrite Q. unfold block. rewrite Ha, Hb, Hc, Hd.
    pose proof (pair_sum (f1 a) (f0 b) _ _ (Z i) (Z (1 + i)%nat)) as P01.
    pose proof (pair_sum (f2 a) (f0 c) _ _ (Z i) (Z (2 + i)%nat)) as P02.
    pose proof (pair_sum (f3 a) (f0 d) _ _ (Z i) (Z (3 + i)%nat)) as P03.
    pose proof (pair_sum (f2 b) (f1 c) _ _ (Z (1 + i)%nat) (Z (2 + i)%nat)) as P12.
    pose proof (pair_sum (f3 b) (f1 d) _ _ (Z (1 + i)%nat) (Z (3 + i)%nat)) as P13.
    pose proof (pair_sum (f3 c) (f2 d) _ _ (Z (2 + i)%nat) (Z (3 + i)%nat)) as P23.
    repeat match goal with P : finite _ = true -> _ |- _ => specialize (P ltac:(assumption)) end.
    match type of P01 with Rabs ?e <= _ => set (e01 := e) in * end.
    match type of P02 with Rabs ?e <= _ => set (e02 := e) in * end.
    match type of P03 with Rabs ?e <= _ => set (e03 := e) in * end.
    match type of P12 with Rabs ?e <= _ => set (e12 := e) in * end.
    match type of P13 with Rabs ?e <= _ => set (e13 := e) in * end.
    match type of P23 with Rabs ?e <= _ => set (e23 := e) in * end.
    match type of B with Rabs ?y <= _ => set (e := y) in * end.
    match goal with |- Rabs ?x <= _ => replace x with (e01 + e02 + e03 + e12 + (e13 + e23 + e))
      by (unfold e01, e02, e03, e12, e13, e23, e, dot4; ring) end.
    pose proof (Rabs_triang (e01 + e02 + e03 + e12) (e13 + e23 + e)).
    pose proof (triangle4 e01 e02 e03 e12). pose proof (Rabs_triang (e13 + e23) e).
    pose proof (Rabs_triang e13 e23). unfold sum4 in *.
    assert (M : u * (total_rows r + total_form (tl q)) <= u * total_form q) by (apply Rmult_le_compat_l; lra).
    assert (N : u * (Rabs (toR (f1 a)) + Rabs (toR (f0 b)) + (Rabs (toR (f2 a)) + Rabs (toR (f0 c))) +
      (Rabs (toR (f3 a)) + Rabs (toR (f0 d))) + (Rabs (toR (f2 b)) + Rabs (toR (f1 c))) +
      (Rabs (toR (f3 b)) + Rabs (toR (f1 d))) + (Rabs (toR (f3 c)) + Rabs (toR (f2 d)))) <= u * total_rows r).
    { apply Rmult_le_compat_l; [lra|]. unfold total_rows.
      pose proof (total_pos ta). pose proof (total_pos tb). pose proof (total_pos tc). pose proof (total_pos td).
      pose proof (Rabs_pos (toR (f0 a))). pose proof (Rabs_pos (toR (f1 b))).
      pose proof (Rabs_pos (toR (f2 c))). pose proof (Rabs_pos (toR (f3 d))).
      pose proof (Rabs_pos (toR (f0 b))). lra. }
    lra.
Qed.
